package io.dunlin.device.cuda;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasOperation;

/**
 * Matrix products by cuBLAS: inputs of F32 or BF16, sums in F32, never in TF32.
 *
 * <p>cuBLAS sees columns where we have rows: our matrix [R,C] is its C x R. So each product here is written for the
 * transposed result, with the operands swapped.
 */
final class CudaProducts {
    /** What NVIDIA advises for Hopper. A workspace of our own makes results independent of other streams. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private final CudaStream stream;
    private final Blas blas;
    private final DeviceScratch workspace;
    private final DeviceScratch scratch;
    private final ElementwiseKernels elementwise;
    private final RowKernels rows;
    private final MemorySegment factors;
    private final Pointer zero;
    private final Pointer one;
    private boolean hasWorkspace;
    private Tensor products = Tensor.NONE;

    CudaProducts(CudaStream stream, Blas blas, ElementwiseKernels elementwise, RowKernels rows) {
        this.stream = stream;
        this.blas = blas;
        this.workspace = new DeviceScratch(stream.device());
        this.scratch = new DeviceScratch(stream.device());
        this.elementwise = elementwise;
        this.rows = rows;
        this.factors = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, 0, 1);
        this.zero = Address.of(factors);
        this.one = Address.of(factors.asSlice(Float.BYTES));
    }

    /** Before the first product: a stream that only copies needs none. */
    private void takeWorkspace() {
        if (hasWorkspace) {
            return;
        }
        Pointer memory = new Address(workspace.ensure(WORKSPACE_BYTES));
        Cu.checkBlas(JCublas2.cublasSetWorkspace(blas.handle(), memory, WORKSPACE_BYTES), "cublasSetWorkspace");
        hasWorkspace = true;
    }

    /**
     * y = x w^T + bias + residual: what is added is put into y first, and the product on top of it. That would round twice
     * where both are added in BF16; there the product is kept in F32 until they are.
     */
    void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        if (bias.present() && residual.present() && y.dtype() == DType.BF16 && y.elements() > 0) {
            Tensor product = products(y.rows(), y.columns());
            multiply(cublasOperation.CUBLAS_OP_T, w, cublasOperation.CUBLAS_OP_N, x, product, x.columns(), zero);
            elementwise.addToProduct(product, bias, residual, y);
            return;
        }
        boolean onTop = bias.present() || residual.present();
        boolean there = residual.address() == y.address() && !bias.present();
        if (onTop && !there) {
            elementwise.biasResidual(bias, residual, y);
        }
        multiply(cublasOperation.CUBLAS_OP_T, w, cublasOperation.CUBLAS_OP_N, x, y, x.columns(), onTop ? one : zero);
    }

    /** A dense F32 matrix for one call; layers of a model ask for the same one again and again. */
    private Tensor products(long rows, long columns) {
        if (!products.present() || products.rows() != rows || products.columns() != columns) {
            long lengthBytes = rows * columns * Float.BYTES;
            MemorySegment memory =
                    MemorySegment.ofAddress(scratch.ensure(lengthBytes)).reinterpret(lengthBytes);
            products = Tensor.of(DType.F32, Shape.of(rows, columns), memory);
        }
        return products;
    }

    /** dx = dy w + beta dx. */
    void backwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        multiply(cublasOperation.CUBLAS_OP_N, w, cublasOperation.CUBLAS_OP_N, dy, dx, dy.columns(), factor(beta));
    }

    /** dw = dy^T x + beta dw, and db = the sum of the rows of dy + beta db. */
    void backwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        multiply(cublasOperation.CUBLAS_OP_N, x, cublasOperation.CUBLAS_OP_T, dy, dw, dy.rows(), factor(beta));
        if (db.present()) {
            rows.sumRows(dy, db, beta);
        }
    }

    private Pointer factor(float beta) {
        return beta == 0 ? zero : one;
    }

    /** Transposed: result^T = a' b' + beta result^T, where a' and b' are what cuBLAS sees, or its transpose. */
    private void multiply(int operationA, Tensor a, int operationB, Tensor b, Tensor result, long inner, Pointer beta) {
        if (result.elements() == 0) {
            return;
        }
        if (inner == 0) {
            if (beta == zero) {
                elementwise.fill(result, 0);
            }
            return;
        }
        stream.enter();
        takeWorkspace();
        stream.account()
                .checkBlas(
                        JCublas2.cublasGemmEx_new(
                                blas.handle(),
                                operationA,
                                operationB,
                                Math.toIntExact(result.columns()),
                                Math.toIntExact(result.rows()),
                                Math.toIntExact(inner),
                                one,
                                pointer(a),
                                type(a),
                                stride(a),
                                pointer(b),
                                type(b),
                                stride(b),
                                beta,
                                pointer(result),
                                type(result),
                                stride(result),
                                cublasComputeType.CUBLAS_COMPUTE_32F,
                                cublasGemmAlgo.CUBLAS_GEMM_DEFAULT),
                        "cublasGemmEx",
                        "a matrix product");
    }

    private Pointer pointer(Tensor tensor) {
        return stream.addresses().plain(tensor.address());
    }

    private static int type(Tensor tensor) {
        return tensor.dtype() == DType.BF16 ? cudaDataType.CUDA_R_16BF : cudaDataType.CUDA_R_32F;
    }

    private static int stride(Tensor tensor) {
        return Math.toIntExact(tensor.rowStride());
    }
}
