// Stand-in for libcublas.so.12: the products that Dunlin calls, run by the stream workers of the stand-in driver.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "cuda_standin.h"

#define API extern "C" __attribute__((visibility("default")))
#define ENTER(function) \
    if (int failure_ = standin_enter(#function)) return failure_

enum { SUCCESS = 0, NOT_INITIALIZED = 1, ALLOC_FAILED = 3, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum DataType { F32 = 0, F64 = 1, F16 = 2, BF16 = 14 };                     // cudaDataType
enum { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, COMPUTE_64F = 70, COMPUTE_32F_FAST_TF32 = 77 };  // computeType

extern "C" int cuCtxGetCurrent(void**);

namespace {

constexpr uint32_t MAGIC = 0xcb1a5u;
constexpr size_t HANDLE_BYTES = size_t{1} << 20;  // of device memory: cuBLAS takes some too, before the first product

struct Handle {
    uint32_t magic = MAGIC;
    void* memory = nullptr;
    void* stream = nullptr;
    int scalars_on_device = 0, math_mode = 0;
};

Handle* checked(void* handle) {
    Handle* h = (Handle*)handle;
    return h && h->magic == MAGIC ? h : nullptr;
}

// ---------------------------------------------------------------- C[m,n] = alpha op(A) op(B) + beta C, column-major

constexpr int64_t DEPTH = 256;   // columns of A packed at once
constexpr int64_t HEIGHT = 256;  // rows of A packed at once
constexpr int64_t NR = 6;        // columns of a tile

template <class R>
struct Matrix {
    const R* data;
    int64_t leading;
    bool transposed;
    R at(int64_t row, int64_t column) const {
        return transposed ? data[column + row * leading] : data[row + column * leading];
    }
};

// One tile of MR x NR: the sums over the packed depth.
template <class R, int MR>
void tile(int64_t depth, const R* a, const R* b, R (&sums)[NR][MR]) {
    typedef R Vector __attribute__((vector_size(32), aligned(4)));
    constexpr int LANES = 32 / sizeof(R), VECTORS = MR / LANES;
    Vector accumulated[NR][VECTORS] = {};
    for (int64_t l = 0; l < depth; l++, a += MR, b += NR) {
        Vector rows[VECTORS];
        for (int v = 0; v < VECTORS; v++) memcpy(&rows[v], a + v * LANES, 32);
        for (int c = 0; c < NR; c++) {
            for (int v = 0; v < VECTORS; v++) accumulated[c][v] += rows[v] * b[c];
        }
    }
    memcpy(sums, accumulated, sizeof sums);
}

template <class R>
void gemm(int64_t m, int64_t n, int64_t k, R alpha, Matrix<R> A, Matrix<R> B, R beta, R* C, int64_t ldc) {
    constexpr int MR = sizeof(R) == 4 ? 32 : 16;
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) C[i + j * ldc] = beta == R(0) ? R(0) : C[i + j * ldc] * beta;
    }
    int64_t panels = (n + NR - 1) / NR;
    std::vector<R> packed_a((HEIGHT + MR) * DEPTH), packed_b(panels * NR * DEPTH);
    for (int64_t k0 = 0; k0 < k; k0 += DEPTH) {
        int64_t depth = std::min(DEPTH, k - k0);
        for (int64_t p = 0; p < panels; p++) {
            for (int64_t l = 0; l < depth; l++) {
                for (int64_t c = 0; c < NR; c++) {
                    int64_t j = p * NR + c;
                    packed_b[(p * depth + l) * NR + c] = j < n ? B.at(k0 + l, j) : R(0);
                }
            }
        }
        for (int64_t i0 = 0; i0 < m; i0 += HEIGHT) {
            int64_t height = std::min(HEIGHT, m - i0), tiles = (height + MR - 1) / MR;
            for (int64_t p = 0; p < tiles; p++) {
                for (int64_t l = 0; l < depth; l++) {
                    for (int64_t r = 0; r < MR; r++) {
                        int64_t i = i0 + p * MR + r;
                        packed_a[(p * depth + l) * MR + r] = i < i0 + height ? A.at(i, k0 + l) : R(0);
                    }
                }
            }
            for (int64_t q = 0; q < panels * tiles; q++) {
                int64_t column = q / tiles * NR, row = q % tiles * MR;
                R sums[NR][MR];
                tile<R, MR>(depth, &packed_a[row * depth], &packed_b[column * depth], sums);
                for (int64_t c = 0; c < NR && column + c < n; c++) {
                    R* to = C + i0 + row + (column + c) * ldc;
                    for (int64_t r = 0; r < MR && row + r < height; r++) to[r] += alpha * sums[c][r];
                }
            }
        }
    }
}

// ---------------------------------------------------------------- 16-bit types are widened, multiplied, rounded

float from_bf16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

uint16_t to_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if ((bits & 0x7fffffff) > 0x7f800000) return bits >> 16 | 0x40;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

int64_t bytes_of(int type) { return type == F64 ? 8 : type == F32 ? 4 : type == F16 || type == BF16 ? 2 : 0; }

std::vector<float> widen(const void* data, int type, int64_t rows, int64_t columns, int64_t leading) {
    std::vector<float> wide(rows * columns);
    for (int64_t j = 0; j < columns; j++) {
        for (int64_t i = 0; i < rows; i++) {
            int64_t from = i + j * leading;
            wide[i + j * rows] = type == F32    ? ((const float*)data)[from]
                                 : type == BF16 ? from_bf16(((const uint16_t*)data)[from])
                                                : (float)((const _Float16*)data)[from];
        }
    }
    return wide;
}

void narrow(const std::vector<float>& wide, void* data, int type, int64_t rows, int64_t columns, int64_t leading) {
    for (int64_t j = 0; j < columns; j++) {
        for (int64_t i = 0; i < rows; i++) {
            float value = wide[i + j * rows];
            int64_t to = i + j * leading;
            if (type == F32) ((float*)data)[to] = value;
            else if (type == BF16) ((uint16_t*)data)[to] = to_bf16(value);
            else ((_Float16*)data)[to] = (_Float16)value;
        }
    }
}

// ---------------------------------------------------------------- one call

struct Operand {
    char* data;
    int type;
    int64_t leading, stride;
    bool transposed;
    char* of(int batch) const { return data + batch * stride * bytes_of(type); }
};

struct Product {
    int64_t m, n, k;
    Operand a, b, c;
    int batches;
    const void *alpha_at, *beta_at;
    bool scalars_on_device;
    double alpha, beta;

    double scalar(const void* at) const { return a.type == F64 ? *(const double*)at : *(const float*)at; }
    template <class R>
    void run_plain(int batch) const {
        gemm<R>(m, n, k, (R)alpha, {(const R*)a.of(batch), a.leading, a.transposed},
                {(const R*)b.of(batch), b.leading, b.transposed}, (R)beta, (R*)c.of(batch), c.leading);
    }
    void run_widened(int batch) const {
        int64_t a_rows = a.transposed ? k : m, a_columns = a.transposed ? m : k;
        int64_t b_rows = b.transposed ? n : k, b_columns = b.transposed ? k : n;
        std::vector<float> wide_a = widen(a.of(batch), a.type, a_rows, a_columns, a.leading);
        std::vector<float> wide_b = widen(b.of(batch), b.type, b_rows, b_columns, b.leading);
        std::vector<float> wide_c(m * n);
        if (beta != 0) wide_c = widen(c.of(batch), c.type, m, n, c.leading);
        gemm<float>(m, n, k, (float)alpha, {wide_a.data(), a_rows, a.transposed},
                    {wide_b.data(), b_rows, b.transposed}, (float)beta, wide_c.data(), m);
        narrow(wide_c, c.of(batch), c.type, m, n, c.leading);
    }
    void run() {
        if (scalars_on_device) {
            alpha = scalar(alpha_at);
            beta = scalar(beta_at);
        }
        for (int batch = 0; batch < batches; batch++) {
            if (a.type == F64) run_plain<double>(batch);
            else if (a.type == F32 && b.type == F32 && c.type == F32) run_plain<float>(batch);
            else run_widened(batch);
        }
    }
};

bool is_on_device(const Operand& operand, int64_t rows, int64_t columns, int batches) {
    int64_t elements = (batches - 1) * operand.stride + (columns - 1) * operand.leading + rows;
    return standin_is_device_range(operand.data, elements * bytes_of(operand.type));
}

int run_product(void* argument) {
    std::unique_ptr<Product> product((Product*)argument);
    product->run();
    return SUCCESS;
}

int submit(void* handle, Product product) {
    Handle* h = checked(handle);
    if (!h) return NOT_INITIALIZED;
    const Operand &a = product.a, &b = product.b, &c = product.c;
    if (!bytes_of(a.type) || !bytes_of(b.type) || !bytes_of(c.type)) return NOT_SUPPORTED;
    if ((a.type == F64) != (b.type == F64) || (a.type == F64) != (c.type == F64)) return NOT_SUPPORTED;
    int64_t m = product.m, n = product.n, k = product.k;
    int64_t a_rows = a.transposed ? k : m, b_rows = b.transposed ? n : k;
    bool legal = m >= 0 && n >= 0 && k >= 0 && product.batches >= 0 && product.alpha_at && product.beta_at &&
                 a.leading >= std::max<int64_t>(1, a_rows) && b.leading >= std::max<int64_t>(1, b_rows) &&
                 c.leading >= std::max<int64_t>(1, m);
    if (!legal) return INVALID_VALUE;
    if (!m || !n || !product.batches) return SUCCESS;
    bool readable = k == 0 || (is_on_device(a, a_rows, a.transposed ? m : k, product.batches) &&
                               is_on_device(b, b_rows, b.transposed ? k : n, product.batches));
    if (!readable || !is_on_device(c, m, n, product.batches)) {
        standin_unsupported("a product whose operand is not inside one allocation of the device");
        return EXECUTION_FAILED;
    }
    product.scalars_on_device = h->scalars_on_device;
    if (!product.scalars_on_device) {  // scalars of the host are read now
        product.alpha = product.scalar(product.alpha_at);
        product.beta = product.scalar(product.beta_at);
    }
    auto* queued = new Product(product);
    if (standin_enqueue(h->stream, "kernel gemm", run_product, queued) == 0) return SUCCESS;
    delete queued;
    return EXECUTION_FAILED;
}

Operand operand(const void* data, int type, int64_t leading, int64_t stride, int operation) {
    return {(char*)data, type, leading, stride, operation != 0};
}

bool is_compute_type(int type, int data_type) {
    return data_type == F64 ? type == COMPUTE_64F
                            : type == COMPUTE_32F || type == COMPUTE_32F_PEDANTIC || type == COMPUTE_32F_FAST_TF32;
}

}  // namespace

// ---------------------------------------------------------------- handles

API int cublasCreate_v2(void** handle) {
    ENTER(cublasCreate_v2);
    void* context = nullptr;
    if (cuCtxGetCurrent(&context) || !context) return NOT_INITIALIZED;
    void* memory = standin_take(HANDLE_BYTES);
    if (!memory) return ALLOC_FAILED;
    *handle = new Handle{.memory = memory};
    return SUCCESS;
}

API int cublasDestroy_v2(void* handle) {
    ENTER(cublasDestroy_v2);
    if (!checked(handle)) return NOT_INITIALIZED;
    checked(handle)->magic = 0;
    standin_give_back(((Handle*)handle)->memory);
    delete (Handle*)handle;
    return SUCCESS;
}

API int cublasSetStream_v2(void* handle, void* stream) {
    ENTER(cublasSetStream_v2);
    if (!checked(handle)) return NOT_INITIALIZED;
    checked(handle)->stream = stream;
    return SUCCESS;
}

API int cublasGetStream_v2(void* handle, void** stream) {
    ENTER(cublasGetStream_v2);
    if (!checked(handle)) return NOT_INITIALIZED;
    *stream = checked(handle)->stream;
    return SUCCESS;
}

API int cublasSetPointerMode_v2(void* handle, int mode) {
    ENTER(cublasSetPointerMode_v2);
    if (!checked(handle)) return NOT_INITIALIZED;
    checked(handle)->scalars_on_device = mode;
    return SUCCESS;
}

API int cublasSetMathMode(void* handle, int mode) {
    ENTER(cublasSetMathMode);
    if (!checked(handle)) return NOT_INITIALIZED;
    checked(handle)->math_mode = mode;
    return SUCCESS;
}

API int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
    ENTER(cublasSetWorkspace_v2);
    if (!checked(handle)) return NOT_INITIALIZED;
    return !bytes || standin_is_device_range(workspace, bytes) ? SUCCESS : INVALID_VALUE;
}

API int cublasGetVersion_v2(void* handle, int* version) {
    ENTER(cublasGetVersion_v2);
    if (!checked(handle)) return NOT_INITIALIZED;
    *version = 120600;
    return SUCCESS;
}

// ---------------------------------------------------------------- products

API int cublasSgemm_v2(void* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
                       int lda, const void* b, int ldb, const void* beta, void* c, int ldc) {
    ENTER(cublasSgemm_v2);
    return submit(handle, {m, n, k, operand(a, F32, lda, 0, op_a), operand(b, F32, ldb, 0, op_b),
                           operand(c, F32, ldc, 0, 0), 1, alpha, beta, false, 0, 0});
}

API int cublasDgemm_v2(void* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
                       int lda, const void* b, int ldb, const void* beta, void* c, int ldc) {
    ENTER(cublasDgemm_v2);
    return submit(handle, {m, n, k, operand(a, F64, lda, 0, op_a), operand(b, F64, ldb, 0, op_b),
                           operand(c, F64, ldc, 0, 0), 1, alpha, beta, false, 0, 0});
}

API int cublasSgemmStridedBatched(void* handle, int op_a, int op_b, int m, int n, int k, const void* alpha,
                                  const void* a, int lda, long long stride_a, const void* b, int ldb,
                                  long long stride_b, const void* beta, void* c, int ldc, long long stride_c,
                                  int batches) {
    ENTER(cublasSgemmStridedBatched);
    return submit(handle, {m, n, k, operand(a, F32, lda, stride_a, op_a), operand(b, F32, ldb, stride_b, op_b),
                           operand(c, F32, ldc, stride_c, 0), batches, alpha, beta, false, 0, 0});
}

API int cublasGemmEx(void* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
                     int type_a, int lda, const void* b, int type_b, int ldb, const void* beta, void* c, int type_c,
                     int ldc, int compute_type, int) {
    ENTER(cublasGemmEx);
    if (!is_compute_type(compute_type, type_a)) return NOT_SUPPORTED;
    return submit(handle, {m, n, k, operand(a, type_a, lda, 0, op_a), operand(b, type_b, ldb, 0, op_b),
                           operand(c, type_c, ldc, 0, 0), 1, alpha, beta, false, 0, 0});
}

API int cublasGemmStridedBatchedEx(void* handle, int op_a, int op_b, int m, int n, int k, const void* alpha,
                                   const void* a, int type_a, int lda, long long stride_a, const void* b, int type_b,
                                   int ldb, long long stride_b, const void* beta, void* c, int type_c, int ldc,
                                   long long stride_c, int batches, int compute_type, int) {
    ENTER(cublasGemmStridedBatchedEx);
    if (!is_compute_type(compute_type, type_a)) return NOT_SUPPORTED;
    return submit(handle, {m, n, k, operand(a, type_a, lda, stride_a, op_a), operand(b, type_b, ldb, stride_b, op_b),
                           operand(c, type_c, ldc, stride_c, 0), batches, alpha, beta, false, 0, 0});
}
