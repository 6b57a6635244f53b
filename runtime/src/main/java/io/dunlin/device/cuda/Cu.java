package io.dunlin.device.cuda;

import jcuda.driver.CUresult;
import jcuda.jcublas.cublasStatus;

/**
 * Statuses of CUDA become exceptions here and nowhere else.
 *
 * <p>JCuda could throw by itself, but it would throw for "not ready" too, and would know neither sizes nor remedies.
 */
final class Cu {
    private Cu() {}

    /** Ends in a {@link CudaException} unless the driver's status is success. */
    static void check(int status, String call) {
        if (status != CUresult.CUDA_SUCCESS) {
            throw failure(status, call);
        }
    }

    /** Whether the work asked about is done; "not ready" is an answer, everything else but success a failure. */
    static boolean ready(int status, String call) {
        if (status == CUresult.CUDA_ERROR_NOT_READY) {
            return false;
        }
        check(status, call);
        return true;
    }

    /** Ends in a {@link CudaException} unless the status of cuBLAS is success. */
    static void checkBlas(int status, String call) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw CudaException.failed(call, cublasStatus.stringFor(status), status);
        }
    }

    static CudaException failure(int status, String call) {
        String name = CUresult.stringFor(status);
        return breaksTheContext(status)
                ? CudaException.fault(call, name, status)
                : CudaException.failed(call, name, status);
    }

    /** After these every later call fails too: the GPU has dropped all work of the process. */
    private static boolean breaksTheContext(int status) {
        return switch (status) {
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUresult.CUDA_ERROR_ASSERT,
                    CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUresult.CUDA_ERROR_INVALID_PC,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED,
                    CUresult.CUDA_ERROR_ECC_UNCORRECTABLE -> true;
            default -> false;
        };
    }
}
