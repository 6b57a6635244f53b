package io.dunlin.device.cuda;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import jcuda.driver.JCudaDriver;

/**
 * The kernels of a GPU for tensors in host memory: each call copies its operands to the device, gaps between rows
 * included, runs, and copies them back. Every operand gets an allocation of exactly its size, so that what a kernel
 * touches outside of it can be noticed.
 */
final class MirroredKernels implements InvocationHandler {
    private final CudaStream stream;

    private MirroredKernels(CudaStream stream) {
        this.stream = stream;
    }

    static Kernels of(CudaStream stream) {
        return (Kernels) Proxy.newProxyInstance(
                Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, new MirroredKernels(stream));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        stream.enter();
        Map<Tensor, Mirror> mirrors = new LinkedHashMap<>();
        Object[] onDevice = arguments.clone();
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Tensor tensor && tensor.present()) {
                onDevice[i] = mirrors.computeIfAbsent(tensor, Mirror::new).tensor;
            }
        }
        try {
            mirrors.values().forEach(Mirror::upload);
            Object result = method.invoke(stream.kernels(), onDevice);
            stream.synchronize();
            mirrors.values().forEach(Mirror::download);
            return result;
        } catch (InvocationTargetException e) {
            throw e.getCause();
        } finally {
            mirrors.values().forEach(Mirror::free);
        }
    }

    /** A tensor of the host and its copy. */
    private static final class Mirror {
        private final Tensor host;
        private final long lengthBytes;
        private final DeviceAddress device = new DeviceAddress();
        private final Tensor tensor;

        Mirror(Tensor host) {
            this.host = host;
            long spanned = host.elements() == 0 ? 0 : (host.rows() - 1) * host.rowStride() + host.columns();
            this.lengthBytes = spanned * host.dtype().bytes();
            Cu.check(JCudaDriver.cuMemAlloc(device, Math.max(1, lengthBytes)), "cuMemAlloc");
            this.tensor = like(host, device);
        }

        private static Tensor like(Tensor host, DeviceAddress device) {
            long stridedBytes = host.rows() * host.rowStride() * host.dtype().bytes();
            MemorySegment segment = MemorySegment.ofAddress(device.value()).reinterpret(stridedBytes);
            return host.dense()
                    ? Tensor.of(host.dtype(), host.shape(), segment)
                    : Tensor.of(host.dtype(), Shape.of(host.rows(), host.rowStride()), segment)
                            .columns(0, host.columns());
        }

        void upload() {
            if (lengthBytes > 0) {
                Cu.check(JCudaDriver.cuMemcpyHtoD(device, new Address(host.address()), lengthBytes), "cuMemcpyHtoD");
            }
        }

        void download() {
            if (lengthBytes > 0) {
                Cu.check(JCudaDriver.cuMemcpyDtoH(new Address(host.address()), device, lengthBytes), "cuMemcpyDtoH");
            }
        }

        void free() {
            Cu.check(JCudaDriver.cuMemFree(device), "cuMemFree");
        }
    }
}
