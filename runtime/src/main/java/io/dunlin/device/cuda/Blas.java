package io.dunlin.device.cuda;

import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasPointerMode;
import jcuda.runtime.cudaStream_t;

/**
 * A handle of cuBLAS whose work goes to one stream.
 *
 * <p>For mixed types call the variants whose names end in {@code _new}: the others take a type of data where cuBLAS 12
 * wants a type of computation, fail, and do not even throw.
 */
final class Blas implements AutoCloseable {
    /**
     * Math mode: no TF32 for F32 operands (the default), and partial sums of BF16 products are not rounded to BF16
     * (CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION).
     */
    private static final int EXACT_SUMS = 16;

    private final cublasHandle handle = new cublasHandle();

    /** Opens a handle on the stream, for which cuBLAS takes memory of the GPU; only on the owner of the context. */
    Blas(CudaStream stream) {
        stream.account().checkBlas(JCublas2.cublasCreate(handle), "cublasCreate", "a handle of cuBLAS");
        try {
            // The one type of the runtime interface that is allowed: the driver's stream under another name.
            Cu.checkBlas(JCublas2.cublasSetStream(handle, new cudaStream_t(stream.handle())), "cublasSetStream");
            Cu.checkBlas(
                    JCublas2.cublasSetPointerMode(handle, cublasPointerMode.CUBLAS_POINTER_MODE_HOST),
                    "cublasSetPointerMode");
            Cu.checkBlas(JCublas2.cublasSetMathMode(handle, EXACT_SUMS), "cublasSetMathMode");
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    cublasHandle handle() {
        return handle;
    }

    /** Only on the owner. */
    @Override
    public void close() {
        JCublas2.cublasDestroy(handle);
    }
}
