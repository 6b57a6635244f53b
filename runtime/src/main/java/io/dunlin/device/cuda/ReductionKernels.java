package io.dunlin.device.cuda;

import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.driver.JCudaDriver;

/** Sums of a whole tensor, read back: each call waits for its stream. */
final class ReductionKernels {
    /** Elements that one block sums; also in kernels.cu. */
    private static final int CHUNK_ELEMENTS = 1 << 16;

    private static final int RESULT_BYTES = 2 * Double.BYTES;

    private final KernelLauncher launcher;
    private final DeviceScratch scratch;
    private final CudaStream stream;
    private final KernelLauncher.Entry squares;
    private final KernelLauncher.Entry foldSquares;
    private final KernelLauncher.Entry orderedSum;
    /** Pinned; empty until the first sum. */
    private MemorySegment result = MemorySegment.NULL;

    private Address resultAddress = new Address(0);
    private long notFinite;

    ReductionKernels(KernelLauncher launcher, DeviceScratch scratch, CudaStream stream) {
        this.launcher = launcher;
        this.scratch = scratch;
        this.stream = stream;
        squares = launcher.entry("squares");
        foldSquares = launcher.entry("fold_squares");
        orderedSum = launcher.entry("ordered_sum");
    }

    /** Sums squares and counts what is not finite; {@link #notFinite()} has the count of the last call. */
    double sumOfSquares(Tensor x) {
        long chunks = (x.elements() + CHUNK_ELEMENTS - 1) / CHUNK_ELEMENTS;
        long partial = scratch.ensure(RESULT_BYTES + 2 * chunks * Double.BYTES);
        long partialSquares = partial + RESULT_BYTES;
        long partialNotFinite = partialSquares + chunks * Double.BYTES;
        launcher.begin(squares).vector(x).number(x.elements()).number(partialSquares);
        launcher.number(partialNotFinite).overBlocks(chunks, KernelLauncher.THREADS);
        launcher.begin(foldSquares)
                .number(partialSquares)
                .number(partialNotFinite)
                .number(chunks);
        launcher.number(partial).overBlocks(1, KernelLauncher.THREADS);
        double sum = read(partial);
        notFinite = (long) result.getAtIndex(ValueLayout.JAVA_DOUBLE, 1);
        return sum;
    }

    /** How many elements of the tensor last given to {@link #sumOfSquares} are NaN or infinite. */
    long notFinite() {
        return notFinite;
    }

    double sum(Tensor x) {
        long sum = scratch.ensure(RESULT_BYTES);
        launcher.begin(orderedSum).vector(x).number(x.elements()).number(sum);
        launcher.overBlocks(1, KernelLauncher.THREADS);
        return read(sum);
    }

    private double read(long deviceAddress) {
        if (result.byteSize() == 0) {
            result = stream.device().allocateHost("sums", RESULT_BYTES);
            resultAddress = Address.of(result);
        }
        DeviceAddress from = stream.addresses().ofDevice(deviceAddress);
        stream.account()
                .check(
                        JCudaDriver.cuMemcpyDtoHAsync(resultAddress, from, RESULT_BYTES, stream.handle()),
                        "cuMemcpyDtoHAsync",
                        "a copy to the host");
        stream.synchronize();
        return result.getAtIndex(ValueLayout.JAVA_DOUBLE, 0);
    }
}
