package io.dunlin.device.cuda;

import io.dunlin.device.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import jcuda.driver.JCudaDriver;

/** The kernels of test_kernels.cu. */
final class TestKernels implements AutoCloseable {
    private final CudaDevice device;
    private final KernelModule module;

    TestKernels(CudaDevice device) {
        this.device = device;
        if (!CudaStandIn.real()) {
            CudaStandIn.addKernels(Path.of("src/test/cuda-standin/test_kernels.cu"));
        }
        this.module = device.context()
                .call(() -> KernelModule.ofResource(device.context().account(), TestKernels.class, "test_kernels.ptx"));
    }

    /** Opens a device of which the test calls no kernels of training. */
    static CudaDevice open(CudaOptions options) {
        return CudaDevice.open(options, _ -> (Kernels) Proxy.newProxyInstance(
                TestKernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, (_, method, _) -> {
                    throw new UnsupportedOperationException(method.getName());
                }));
    }

    /** x = x * a + b. */
    void multiplyAdd(CudaStream stream, MemorySegment x, float a, float b) {
        long elements = x.byteSize() / Float.BYTES;
        int blocks = (int) Math.clamp((elements + 255) / 256, 1, 1024);
        launch("multiply_add", stream, new int[] {blocks, 256, 0}, x.address(), a, b, elements);
    }

    /** One block of 256 threads for each sum. */
    void blockSums(String name, CudaStream stream, MemorySegment x, MemorySegment sums) {
        int blocks = (int) (sums.byteSize() / Float.BYTES);
        launch(name, stream, new int[] {blocks, 256, 1024}, x.address(), sums.address());
    }

    void writeOutside(CudaStream stream, MemorySegment x, long offset) {
        launch("write_outside", stream, new int[] {1, 1, 0}, x.address(), offset);
    }

    void waitForEachOther(CudaStream stream, MemorySegment x) {
        launch("wait_for_each_other", stream, new int[] {1, 32, 0}, x.address());
    }

    private void launch(String name, CudaStream stream, int[] shape, Object... arguments) {
        stream.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment slots = arena.allocate(ValueLayout.JAVA_LONG, arguments.length);
            MemorySegment addresses = arena.allocate(ValueLayout.ADDRESS, arguments.length);
            for (int i = 0; i < arguments.length; i++) {
                MemorySegment slot = slots.asSlice((long) i * Long.BYTES, Long.BYTES);
                if (arguments[i] instanceof Float real) {
                    slot.set(ValueLayout.JAVA_FLOAT, 0, real);
                } else {
                    slot.set(ValueLayout.JAVA_LONG, 0, (Long) arguments[i]);
                }
                addresses.setAtIndex(ValueLayout.ADDRESS, i, slot);
            }
            int status = JCudaDriver.cuLaunchKernel(
                    module.function(name),
                    shape[0],
                    1,
                    1,
                    shape[1],
                    1,
                    1,
                    shape[2],
                    stream.handle(),
                    Address.of(addresses),
                    null);
            Cu.check(status, "cuLaunchKernel(" + name + ")");
        }
    }

    @Override
    public void close() {
        device.context().call(() -> {
            module.close();
            return true;
        });
    }
}
