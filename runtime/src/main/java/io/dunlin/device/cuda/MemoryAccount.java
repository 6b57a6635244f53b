package io.dunlin.device.cuda;

import java.util.concurrent.atomic.AtomicLong;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.cublasStatus;

/**
 * What this rank holds of the memory of one GPU, and the errors that tell of it when there is no more.
 *
 * <p>Not only tensors take memory: the driver and cuBLAS take some for streams, modules, handles and launches, and do not
 * say how much. Whatever may need memory is checked here, so that all ends in the same error.
 */
final class MemoryAccount {
    private static final long UNKNOWN = CudaException.MemoryState.UNKNOWN;

    private final AtomicLong heldBytes = new AtomicLong();

    /** Counts memory that the driver has given. */
    void add(long bytes) {
        heldBytes.addAndGet(bytes);
    }

    /**
     * Like {@link Cu#check}, for a call for which the driver may take memory by itself.
     *
     * @param purpose what the memory would be for
     */
    void check(int status, String call, String purpose) {
        if (status == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw outOfMemory(call, purpose, UNKNOWN);
        }
        Cu.check(status, call);
    }

    /** Like {@link Cu#checkBlas}, for a call for which cuBLAS may take memory. */
    void checkBlas(int status, String call, String purpose) {
        if (status == cublasStatus.CUBLAS_STATUS_ALLOC_FAILED) {
            throw outOfMemory(call, purpose, UNKNOWN);
        }
        Cu.checkBlas(status, call);
    }

    /** The error for memory that the driver refused; the context is current, if there is one already. */
    CudaException outOfMemory(String call, String purpose, long askedBytes) {
        long[] free = {UNKNOWN};
        long[] total = {UNKNOWN};
        if (JCudaDriver.cuMemGetInfo(free, total) != CUresult.CUDA_SUCCESS) {
            free[0] = UNKNOWN; // to have no answer to this is no reason to hide the error
        }
        return CudaException.outOfMemory(
                call, purpose, new CudaException.MemoryState(askedBytes, heldBytes.get(), free[0], total[0]));
    }
}
