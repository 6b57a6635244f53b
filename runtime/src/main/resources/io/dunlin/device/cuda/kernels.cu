// Every kernel of Dunlin but the matrix products, which are cuBLAS's.
//
// One source for three compilers: nvcc (which made kernels.ptx beside this file), NVRTC, and g++ behind the header of
// the tests' stand-in. So it includes nothing, keeps nothing in module variables, uses no tensor-core types, and takes
// only scalars and pointers. After a change run
//
//     ./mvnw -q -Pptx -pl runtime test-compile             (with nvcc; -Pptx,nvrtc without)
//
// or a test will find that the hash in kernels.ptx is another one.
//
// Read it in this order: numbers and matrices, sums over a block, then any section; attention is the long one.
//
// Legend: B sequences, T positions, R = B*T rows, C columns, V vocabulary, H query heads, G key/value heads, D head
// width. Matrices are row-major with a stride in elements. Arithmetic is in F32; only the elements in memory are F32 or
// BF16. The specification of every kernel is its namesake in io.dunlin.device.cpu.
//
// Same inputs, same bits: there is no floating-point atomic here. Sums over threads have the shape of a tree that
// depends on extents only, and sums over blocks are written to scratch and added in order by a second kernel.

typedef long long i64;
typedef unsigned long long u64;
typedef unsigned int u32;

// ------------------------------------------------------------------------------------------- numbers and matrices

// A BF16 is the upper half of an F32. A struct, so that it cannot be added by accident.
struct bf16 {
    unsigned short bits;
};

static __device__ __forceinline__ float infinity() {
    return __int_as_float(0x7f800000);
}

static __device__ __forceinline__ float widen(float value) {
    return value;
}

static __device__ __forceinline__ float widen(bf16 value) {
    return __uint_as_float((u32)value.bits << 16);
}

static __device__ __forceinline__ void put(float* where, float value) {
    *where = value;
}

// To nearest, ties to even: adding half of the last place, less one where the last bit is even, carries as needed. A
// NaN could carry into infinity, so every NaN becomes the quiet one.
static __device__ __forceinline__ void put(bf16* where, float value) {
    u32 bits = __float_as_uint(value);
    where->bits = value != value ? 0x7fc0 : (unsigned short)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// A matrix in memory.
template <typename T>
struct Rows {
    T* first;
    i64 stride;

    __device__ __forceinline__ Rows(const void* address, i64 elements) : first((T*)address), stride(elements) {}

    __device__ __forceinline__ float get(i64 row, i64 column) const {
        return widen(first[row * stride + column]);
    }

    __device__ __forceinline__ void set(i64 row, i64 column, float value) const {
        put(first + row * stride + column, value);
    }

    // The same matrix, seen from this element on.
    __device__ __forceinline__ Rows from(i64 row, i64 column) const {
        return Rows(first + row * stride + column, stride);
    }
};

// Defines the entry points NAME_f32 and NAME_bf16, which call the template NAME with T set.
#define FOR_F32_AND_BF16(name, parameters, ...)          \
    extern "C" __global__ void name##_f32 parameters {   \
        typedef float T;                                 \
        name(__VA_ARGS__);                               \
    }                                                    \
    extern "C" __global__ void name##_bf16 parameters {  \
        typedef bf16 T;                                  \
        name(__VA_ARGS__);                               \
    }

// A grid over a matrix: x covers the columns, y the rows, and both go on with the next ones if the grid is smaller. A
// dense matrix may be passed as one long row.
#define FOR_EACH_ELEMENT(r, c, rows, columns)                                                     \
    for (i64 r = blockIdx.y; r < (rows); r += gridDim.y)                                          \
        for (i64 c = (i64)blockIdx.x * blockDim.x + threadIdx.x; c < (columns);                   \
             c += (i64)gridDim.x * blockDim.x)

// ------------------------------------------------------------------------------------------- sums over a block

static const u32 ALL_LANES = 0xffffffffu;

struct Sum {
    template <typename S>
    __device__ __forceinline__ S operator()(S a, S b) const {
        return a + b;
    }
};

struct Largest {
    __device__ __forceinline__ float operator()(float a, float b) const {
        return fmaxf(a, b);
    }

    __device__ __forceinline__ u32 operator()(u32 a, u32 b) const {
        return a > b ? a : b;
    }
};

// Combines the values of neighbouring lanes, COUNT of them, a power of two. a + b has the bits of b + a, so each lane
// ends with the same bits.
template <int COUNT, typename S, typename Combine>
static __device__ __forceinline__ S across_lanes(S value, Combine combine) {
    for (int distance = COUNT / 2; distance > 0; distance /= 2) {
        value = combine(value, __shfl_xor_sync(ALL_LANES, value, distance));
    }
    return value;
}

// Combines a value of each thread; every thread gets the result. The block has whole warps; nothing is the value that
// changes nothing. What threads did to memory before is seen by all of them after.
template <typename S, typename Combine>
static __device__ __forceinline__ S across_block(S value, S nothing, Combine combine) {
    __shared__ S of_warps[32];
    int lane = threadIdx.x % 32;
    int warps = blockDim.x / 32;
    value = across_lanes<32>(value, combine);
    if (lane == 0) {
        of_warps[threadIdx.x / 32] = value;
    }
    __syncthreads();
    value = across_lanes<32>(lane < warps ? of_warps[lane] : nothing, combine);
    __syncthreads();  // before the next call writes of_warps
    return value;
}

static __device__ __forceinline__ float block_sum(float value) {
    return across_block(value, 0.0f, Sum());
}

// ------------------------------------------------------------------------------------------- elementwise

template <typename T>
static __device__ __forceinline__ void fill(Rows<T> x, i64 rows, i64 columns, float value) {
    FOR_EACH_ELEMENT(r, c, rows, columns) {
        x.set(r, c, value);
    }
}
FOR_F32_AND_BF16(fill, (void* x, i64 x_stride, i64 rows, i64 columns, float value), Rows<T>(x, x_stride), rows,
                 columns, value)

template <typename From, typename To>
static __device__ __forceinline__ void copy(const From* from, To* to, i64 count) {
    FOR_EACH_ELEMENT(r, i, 1, count) {
        put(to + i, widen(from[i]));
    }
}
extern "C" __global__ void copy_f32_f32(const float* from, float* to, i64 count) {
    copy(from, to, count);
}
extern "C" __global__ void copy_f32_bf16(const float* from, bf16* to, i64 count) {
    copy(from, to, count);
}
extern "C" __global__ void copy_bf16_f32(const bf16* from, float* to, i64 count) {
    copy(from, to, count);
}
extern "C" __global__ void copy_bf16_bf16(const bf16* from, bf16* to, i64 count) {
    copy(from, to, count);
}

// out = a + b; out may be a or b.
template <typename T>
static __device__ __forceinline__ void add(Rows<T> a, Rows<T> b, Rows<T> out, i64 count) {
    FOR_EACH_ELEMENT(r, i, 1, count) {
        out.set(0, i, a.get(0, i) + b.get(0, i));
    }
}
FOR_F32_AND_BF16(add, (const void* a, const void* b, void* out, i64 count), Rows<T>(a, 0), Rows<T>(b, 0),
                 Rows<T>(out, 0), count)

// y = a * x + y.
template <typename T>
static __device__ __forceinline__ void axpy(Rows<T> x, Rows<T> y, i64 count, float a) {
    FOR_EACH_ELEMENT(r, i, 1, count) {
        y.set(0, i, a * x.get(0, i) + y.get(0, i));
    }
}
FOR_F32_AND_BF16(axpy, (const void* x, void* y, i64 count, float a), Rows<T>(x, 0), Rows<T>(y, 0), count, a)

// x = a * x.
template <typename T>
static __device__ __forceinline__ void scale(Rows<T> x, i64 count, float a) {
    FOR_EACH_ELEMENT(r, i, 1, count) {
        x.set(0, i, a * x.get(0, i));
    }
}
FOR_F32_AND_BF16(scale, (void* x, i64 count, float a), Rows<T>(x, 0), count, a)

// y[R,N] = residual[R,N] + bias[N], either absent if null: what a product with beta 1 is then added to. y may be
// residual.
template <typename T>
static __device__ __forceinline__ void bias_residual(const T* bias, Rows<T> residual, Rows<T> y, i64 rows,
                                                     i64 columns) {
    FOR_EACH_ELEMENT(r, c, rows, columns) {
        float sum = residual.first ? residual.get(r, c) : 0;
        y.set(r, c, bias ? sum + widen(bias[c]) : sum);
    }
}
FOR_F32_AND_BF16(bias_residual,
                 (const void* bias, const void* residual, i64 residual_stride, void* y, i64 y_stride, i64 rows,
                  i64 columns),
                 (const T*)bias, Rows<T>(residual, residual_stride), Rows<T>(y, y_stride), rows, columns)

// y[R,N] = product[R,N] + bias[N] + residual[R,N], rounded once: BF16 sums of three need it. The product is dense. y may
// be residual.
extern "C" __global__ void add_to_product(const float* product, const bf16* bias, const void* residual,
                                          i64 residual_stride, void* y, i64 y_stride, i64 rows, i64 columns) {
    Rows<bf16> others(residual, residual_stride), sums(y, y_stride);
    FOR_EACH_ELEMENT(r, c, rows, columns) {
        sums.set(r, c, product[r * columns + c] + widen(bias[c]) + others.get(r, c));
    }
}

// GPT-2's form: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
static const float ROOT_2_OVER_PI = 0.7978845608028654f;
static const float CUBIC = 0.044715f;

template <typename T>
static __device__ __forceinline__ void gelu(Rows<T> x, Rows<T> y, i64 rows, i64 columns) {
    FOR_EACH_ELEMENT(r, c, rows, columns) {
        float value = x.get(r, c);
        float bend = tanhf(ROOT_2_OVER_PI * (value + CUBIC * value * value * value));
        y.set(r, c, 0.5f * value * (1 + bend));
    }
}
FOR_F32_AND_BF16(gelu, (const void* x, i64 x_stride, void* y, i64 y_stride, i64 rows, i64 columns),
                 Rows<T>(x, x_stride), Rows<T>(y, y_stride), rows, columns)

// dx = dy * gelu'(x); dx may be dy.
template <typename T>
static __device__ __forceinline__ void gelu_backward(Rows<T> dy, Rows<T> x, Rows<T> dx, i64 rows, i64 columns) {
    FOR_EACH_ELEMENT(r, c, rows, columns) {
        float value = x.get(r, c);
        float bend = tanhf(ROOT_2_OVER_PI * (value + CUBIC * value * value * value));
        float slope = ROOT_2_OVER_PI * (1 + 3 * CUBIC * value * value);
        float derivative = 0.5f * (1 + bend) + 0.5f * value * (1 - bend * bend) * slope;
        dx.set(r, c, dy.get(r, c) * derivative);
    }
}
FOR_F32_AND_BF16(gelu_backward,
                 (const void* dy, i64 dy_stride, const void* x, i64 x_stride, void* dx, i64 dx_stride, i64 rows,
                  i64 columns),
                 Rows<T>(dy, dy_stride), Rows<T>(x, x_stride), Rows<T>(dx, dx_stride), rows, columns)

static __device__ __forceinline__ float sigmoid(float value) {
    return 1 / (1 + expf(-value));
}

// y = gate * sigmoid(gate) * up.
template <typename T>
static __device__ __forceinline__ void swiglu(Rows<T> gate, Rows<T> up, Rows<T> y, i64 rows, i64 columns) {
    FOR_EACH_ELEMENT(r, c, rows, columns) {
        float g = gate.get(r, c);
        y.set(r, c, g * sigmoid(g) * up.get(r, c));
    }
}
FOR_F32_AND_BF16(swiglu,
                 (const void* gate, i64 gate_stride, const void* up, i64 up_stride, void* y, i64 y_stride, i64 rows,
                  i64 columns),
                 Rows<T>(gate, gate_stride), Rows<T>(up, up_stride), Rows<T>(y, y_stride), rows, columns)

template <typename T>
static __device__ __forceinline__ void swiglu_backward(Rows<T> dy, Rows<T> gate, Rows<T> up, Rows<T> dgate,
                                                       Rows<T> dup, i64 rows, i64 columns) {
    FOR_EACH_ELEMENT(r, c, rows, columns) {
        float gradient = dy.get(r, c);
        float g = gate.get(r, c);
        float u = up.get(r, c);
        float s = sigmoid(g);
        dgate.set(r, c, gradient * u * s * (1 + g * (1 - s)));
        dup.set(r, c, gradient * g * s);
    }
}
FOR_F32_AND_BF16(swiglu_backward,
                 (const void* dy, i64 dy_stride, const void* gate, i64 gate_stride, const void* up, i64 up_stride,
                  void* dgate, i64 dgate_stride, void* dup, i64 dup_stride, i64 rows, i64 columns),
                 Rows<T>(dy, dy_stride), Rows<T>(gate, gate_stride), Rows<T>(up, up_stride),
                 Rows<T>(dgate, dgate_stride), Rows<T>(dup, dup_stride), rows, columns)

// Rotates each head of x in place by the angles of its position, r mod time: pairs are (i, i + D/2), the half-split
// form of Hugging Face's Llama. cos_sin[T,D] has the D/2 cosines of a position, then the sines. direction is 1 or -1.
template <typename T>
static __device__ __forceinline__ void rope(Rows<T> x, Rows<float> cos_sin, int time, int width, float direction,
                                            i64 rows, i64 pairs) {
    int half = width / 2;
    FOR_EACH_ELEMENT(r, pair, rows, pairs) {
        int i = (int)pair % half;
        i64 left = (i64)((int)pair / half) * width + i;
        float cosine = cos_sin.get(r % time, i);
        float sine = cos_sin.get(r % time, half + i) * direction;
        float a = x.get(r, left);
        float b = x.get(r, left + half);
        x.set(r, left, a * cosine - b * sine);
        x.set(r, left + half, b * cosine + a * sine);
    }
}
FOR_F32_AND_BF16(rope,
                 (void* x, i64 x_stride, const void* cos_sin, i64 cos_sin_stride, int time, int width,
                  float direction, i64 rows, i64 pairs),
                 Rows<T>(x, x_stride), Rows<float>(cos_sin, cos_sin_stride), time, width, direction, rows, pairs)

// AdamW (Loshchilov and Hutter, algorithm 2) in one pass, the rounded copy for the next forward pass included. Each
// operation is rounded by itself, never fused: so this gives the bits of io.dunlin.device.cpu.UpdateLoops, and a
// parameter may be updated here in one step and on the host in the next.
extern "C" __global__ void adamw(float* value, const float* gradient, float* m, float* v, bf16* compute, i64 count,
                                 float gradient_scale, float beta1, float beta2, float epsilon, float keep,
                                 float step, float root_correction) {
    float rest1 = 1 - beta1;
    float rest2 = 1 - beta2;
    FOR_EACH_ELEMENT(r, i, 1, count) {
        float g = __fmul_rn(gradient[i], gradient_scale);
        float first = __fadd_rn(__fmul_rn(m[i], beta1), __fmul_rn(g, rest1));
        float second = __fadd_rn(__fmul_rn(v[i], beta2), __fmul_rn(__fmul_rn(g, rest2), g));
        m[i] = first;
        v[i] = second;
        float direction = first / __fadd_rn(__fmul_rn(sqrtf(second), root_correction), epsilon);
        float next = __fadd_rn(__fmul_rn(direction, step), __fmul_rn(value[i], keep));
        value[i] = next;
        if (compute) {
            put(compute + i, next);
        }
    }
}

// ------------------------------------------------------------------------------------------- embedding

// y[R,C] = table[tokens[R]] + positions[r mod time], positions absent if null. A block per row.
template <typename T>
static __device__ __forceinline__ void embedding(const int* tokens, Rows<T> table, Rows<T> positions, int time,
                                                 Rows<T> y, i64 columns) {
    i64 r = blockIdx.x;
    for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
        float position = positions.first ? positions.get(r % time, c) : 0;
        y.set(r, c, table.get(tokens[r], c) + position);
    }
}
FOR_F32_AND_BF16(embedding,
                 (const int* tokens, const void* table, i64 table_stride, const void* positions,
                  i64 positions_stride, int time, void* y, i64 y_stride, i64 columns),
                 tokens, Rows<T>(table, table_stride), Rows<T>(positions, positions_stride), time,
                 Rows<T>(y, y_stride), columns)

// The gradient of the table is a scatter; to add rows in order without atomics on floats, the first row of a token
// gathers those of all its rows. first_row and last_row [V] say where to look; integer atomics have no order to mind.
extern "C" __global__ void token_rows_clear(int* first_row, int* last_row, i64 tokens) {
    FOR_EACH_ELEMENT(r, token, 1, tokens) {
        first_row[token] = 0x7fffffff;
        last_row[token] = -1;
    }
}

extern "C" __global__ void token_rows_find(const int* tokens, int* first_row, int* last_row, i64 rows) {
    FOR_EACH_ELEMENT(one, r, 1, rows) {
        atomicMin(first_row + tokens[r], (int)r);
        atomicMax(last_row + tokens[r], (int)r);
    }
}

// dtable[token] += the rows of dy with that token, in order. A block of 256 per row; all but a token's first row have
// nothing to do.
template <typename T>
static __device__ __forceinline__ void embedding_backward(Rows<T> dy, const int* tokens, const int* first_row,
                                                          const int* last_row, Rows<float> dtable, i64 columns) {
    __shared__ u32 found[8];  // a bit for each of 256 rows
    int token = tokens[blockIdx.x];
    if (first_row[token] != (int)blockIdx.x) {
        return;
    }
    int last = last_row[token];
    for (int from = blockIdx.x; from <= last; from += 256) {
        int row = from + threadIdx.x;
        u32 of_warp = __ballot_sync(ALL_LANES, row <= last && tokens[row] == token);
        if (threadIdx.x % 32 == 0) {
            found[threadIdx.x / 32] = of_warp;
        }
        __syncthreads();
        for (int word = 0; word < 8; word++) {
            for (u32 rest = found[word]; rest != 0; rest &= rest - 1) {
                i64 r = from + word * 32 + __ffs((int)rest) - 1;
                for (i64 c = threadIdx.x; c < columns; c += 256) {
                    dtable.set(token, c, dtable.get(token, c) + dy.get(r, c));
                }
            }
        }
        __syncthreads();  // before the next 256 rows write found
    }
}
FOR_F32_AND_BF16(embedding_backward,
                 (const void* dy, i64 dy_stride, const int* tokens, const int* first_row, const int* last_row,
                  void* dtable, i64 dtable_stride, i64 columns),
                 Rows<T>(dy, dy_stride), tokens, first_row, last_row, Rows<float>(dtable, dtable_stride), columns)

// dpositions[p] = the sum of rows p, p + time, ... of dy, in order, + beta * dpositions[p]. A block per position; those
// from time on have no rows.
template <typename T>
static __device__ __forceinline__ void position_backward(Rows<T> dy, i64 rows, int time, Rows<float> dpositions,
                                                         float beta, i64 columns) {
    i64 p = blockIdx.x;
    for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
        float sum = beta == 0 ? 0 : beta * dpositions.get(p, c);
        if (p < time) {
            for (i64 r = p; r < rows; r += time) {
                sum += dy.get(r, c);
            }
        }
        dpositions.set(p, c, sum);
    }
}
FOR_F32_AND_BF16(position_backward,
                 (const void* dy, i64 dy_stride, i64 rows, int time, void* dpositions, i64 dpositions_stride,
                  float beta, i64 columns),
                 Rows<T>(dy, dy_stride), rows, time, Rows<float>(dpositions, dpositions_stride), beta, columns)

// ------------------------------------------------------------------------------------------- normalisation

// y = (x - mean) * rstd * gain + bias, a block per row; without mean (null) it is RMS norm, which has no bias either.
// The variance is taken from centred values, in a second pass: the short form E[x^2] - mean^2 cancels.
template <typename T>
static __device__ __forceinline__ void norm(Rows<T> x, const T* gain, const T* bias, float epsilon, Rows<T> y,
                                            float* mean, float* rstd, i64 columns) {
    i64 r = blockIdx.x;
    float centre = 0;
    if (mean) {
        float sum = 0;
        for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
            sum += x.get(r, c);
        }
        centre = block_sum(sum) / columns;
    }
    float squares = 0;
    for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
        float centred = x.get(r, c) - centre;
        squares += centred * centred;
    }
    float inverse = 1 / sqrtf(block_sum(squares) / columns + epsilon);
    for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
        float normal = (x.get(r, c) - centre) * inverse;
        y.set(r, c, normal * widen(gain[c]) + (bias ? widen(bias[c]) : 0));
    }
    if (threadIdx.x == 0) {
        rstd[r] = inverse;
        if (mean) {
            mean[r] = centre;
        }
    }
}
FOR_F32_AND_BF16(norm,
                 (const void* x, i64 x_stride, const void* gain, const void* bias, float epsilon, void* y,
                  i64 y_stride, float* mean, float* rstd, i64 columns),
                 Rows<T>(x, x_stride), (const T*)gain, (const T*)bias, epsilon, Rows<T>(y, y_stride), mean, rstd,
                 columns)

// dx += rstd * (g - mean(g) - normal * mean(g * normal)) with g = dy * gain; RMS norm (mean is null) has no mean(g).
template <typename T>
static __device__ __forceinline__ void norm_backward(Rows<T> dy, Rows<T> x, const T* gain, const float* mean,
                                                     const float* rstd, Rows<T> dx, i64 columns) {
    i64 r = blockIdx.x;
    float centre = mean ? mean[r] : 0;
    float inverse = rstd[r];
    float sum_g = 0;
    float sum_g_normal = 0;
    for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
        float g = dy.get(r, c) * widen(gain[c]);
        sum_g += g;
        sum_g_normal += g * (x.get(r, c) - centre) * inverse;
    }
    float mean_g = mean ? block_sum(sum_g) / columns : 0;
    float mean_g_normal = block_sum(sum_g_normal) / columns;
    for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
        float g = dy.get(r, c) * widen(gain[c]);
        float normal = (x.get(r, c) - centre) * inverse;
        dx.set(r, c, dx.get(r, c) + inverse * (g - mean_g - normal * mean_g_normal));
    }
}
FOR_F32_AND_BF16(norm_backward,
                 (const void* dy, i64 dy_stride, const void* x, i64 x_stride, const void* gain, const float* mean,
                  const float* rstd, void* dx, i64 dx_stride, i64 columns),
                 Rows<T>(dy, dy_stride), Rows<T>(x, x_stride), (const T*)gain, mean, rstd, Rows<T>(dx, dx_stride),
                 columns)

// ------------------------------------------------------------------------------------------- sums over rows

// Gradients of what all rows share are sums of columns. A block of 32 x 8 threads sums 32 columns of one chunk of rows
// into partial[chunk, C]; fold_rows adds the chunks in order.

// Adds the eight sums of a column; the result is valid where threadIdx.y is 0.
static __device__ __forceinline__ float fold_eight(float sum) {
    __shared__ float sums[8][33];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    float total = 0;
    if (threadIdx.y == 0) {
        for (int i = 0; i < 8; i++) {
            total += sums[i][threadIdx.x];
        }
    }
    __syncthreads();  // before the next call writes sums
    return total;
}

template <typename T>
static __device__ __forceinline__ void sum_rows(Rows<T> x, i64 rows, i64 columns, i64 chunk_rows, float* partial) {
    i64 c = (i64)blockIdx.x * 32 + threadIdx.x;
    i64 first = blockIdx.y * chunk_rows;
    i64 end = first + chunk_rows < rows ? first + chunk_rows : rows;
    float sum = 0;
    if (c < columns) {
        for (i64 r = first + threadIdx.y; r < end; r += 8) {
            sum += x.get(r, c);
        }
    }
    sum = fold_eight(sum);
    if (threadIdx.y == 0 && c < columns) {
        partial[blockIdx.y * columns + c] = sum;
    }
}
FOR_F32_AND_BF16(sum_rows, (const void* x, i64 x_stride, i64 rows, i64 columns, i64 chunk_rows, float* partial),
                 Rows<T>(x, x_stride), rows, columns, chunk_rows, partial)

// As sum_rows, of dy * normal (the gradient of the gain) and of dy (that of the bias).
template <typename T>
static __device__ __forceinline__ void norm_sum_rows(Rows<T> dy, Rows<T> x, const float* mean, const float* rstd,
                                                     i64 rows, i64 columns, i64 chunk_rows, float* partial_gain,
                                                     float* partial_bias) {
    i64 c = (i64)blockIdx.x * 32 + threadIdx.x;
    i64 first = blockIdx.y * chunk_rows;
    i64 end = first + chunk_rows < rows ? first + chunk_rows : rows;
    float sum_gain = 0;
    float sum_bias = 0;
    if (c < columns) {
        for (i64 r = first + threadIdx.y; r < end; r += 8) {
            float gradient = dy.get(r, c);
            sum_gain += gradient * (x.get(r, c) - (mean ? mean[r] : 0)) * rstd[r];
            sum_bias += gradient;
        }
    }
    sum_gain = fold_eight(sum_gain);
    sum_bias = fold_eight(sum_bias);
    if (threadIdx.y == 0 && c < columns) {
        partial_gain[blockIdx.y * columns + c] = sum_gain;
        if (partial_bias) {
            partial_bias[blockIdx.y * columns + c] = sum_bias;
        }
    }
}
FOR_F32_AND_BF16(norm_sum_rows,
                 (const void* dy, i64 dy_stride, const void* x, i64 x_stride, const float* mean, const float* rstd,
                  i64 rows, i64 columns, i64 chunk_rows, float* partial_gain, float* partial_bias),
                 Rows<T>(dy, dy_stride), Rows<T>(x, x_stride), mean, rstd, rows, columns, chunk_rows, partial_gain,
                 partial_bias)

// sums[C] = the chunks in order + beta * sums.
extern "C" __global__ void fold_rows(const float* partial, i64 chunks, i64 columns, float* sums, float beta) {
    FOR_EACH_ELEMENT(one, c, 1, columns) {
        float sum = 0;
        for (i64 chunk = 0; chunk < chunks; chunk++) {
            sum += partial[chunk * columns + c];
        }
        sums[c] = beta == 0 ? sum : sum + beta * sums[c];
    }
}

// ------------------------------------------------------------------------------------------- loss

// losses[R] = log sum exp(logits) - logits[target]; with_gradient also turns the logits into (softmax - onehot) *
// gradient_scale. A target of -1 counts for nothing. A block per row reads it once for the loss: each thread keeps the
// largest it has seen and its sum of exponentials relative to that (online softmax), and these are combined.
template <typename T>
static __device__ __forceinline__ void cross_entropy(Rows<T> logits, const int* targets, float* losses, i64 columns,
                                                     int with_gradient, float gradient_scale) {
    i64 r = blockIdx.x;
    int target = targets[r];
    // Read by all before the first barrier: after the last one another thread overwrites it.
    float chosen = target < 0 ? 0 : logits.get(r, target);
    float largest = -infinity();
    float sum = 0;
    for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
        float value = logits.get(r, c);
        if (value > largest) {
            sum = sum * expf(largest - value) + 1;
            largest = value;
        } else if (value != -infinity()) {
            sum += expf(value - largest);  // a NaN gets here, and stays
        }
    }
    float most = across_block(largest, -infinity(), Largest());
    float total = block_sum(largest == most ? sum : sum * expf(largest - most));
    if (threadIdx.x == 0) {
        losses[r] = target < 0 ? 0 : logf(total) + (most - chosen);
    }
    if (with_gradient) {
        for (i64 c = threadIdx.x; c < columns; c += blockDim.x) {
            float probability = expf(logits.get(r, c) - most) / total;
            logits.set(r, c, target < 0 ? 0 : (probability - (c == target ? 1 : 0)) * gradient_scale);
        }
    }
}
FOR_F32_AND_BF16(cross_entropy,
                 (void* logits, i64 logits_stride, const int* targets, float* losses, i64 columns, int with_gradient,
                  float gradient_scale),
                 Rows<T>(logits, logits_stride), targets, losses, columns, with_gradient, gradient_scale)

// ------------------------------------------------------------------------------------------- sums of a whole tensor

// Per chunk of 65536 elements: the sum of the squares in double, and how many elements are not finite. One pass.
extern "C" __global__ void squares(const float* x, i64 count, double* partial, double* partial_not_finite) {
    i64 first = (i64)blockIdx.x * 65536;
    i64 end = first + 65536 < count ? first + 65536 : count;
    double sum = 0;
    double not_finite = 0;
    for (i64 i = first + threadIdx.x; i < end; i += blockDim.x) {
        float value = x[i];
        sum += (double)value * value;
        not_finite += (__float_as_uint(value) & 0x7f800000) == 0x7f800000 ? 1 : 0;
    }
    sum = across_block(sum, 0.0, Sum());
    not_finite = across_block(not_finite, 0.0, Sum());
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
        partial_not_finite[blockIdx.x] = not_finite;
    }
}

// result = { the sum of the squares, how many elements are not finite }: one block adds the chunks.
extern "C" __global__ void fold_squares(const double* partial, const double* partial_not_finite, i64 chunks,
                                        double* result) {
    double sum = 0;
    double not_finite = 0;
    for (i64 i = threadIdx.x; i < chunks; i += blockDim.x) {
        sum += partial[i];
        not_finite += partial_not_finite[i];
    }
    sum = across_block(sum, 0.0, Sum());
    not_finite = across_block(not_finite, 0.0, Sum());
    if (threadIdx.x == 0) {
        result[0] = sum;
        result[1] = not_finite;
    }
}

// The sum in double, element by element in order: one thread adds, the block of 256 only fetches. For a few numbers,
// such as the losses of a step.
extern "C" __global__ void ordered_sum(const float* x, i64 count, double* result) {
    __shared__ float fetched[1024];
    double sum = 0;
    for (i64 from = 0; from < count; from += 1024) {
        int here = count - from < 1024 ? (int)(count - from) : 1024;
        for (int i = threadIdx.x; i < here; i += blockDim.x) {
            fetched[i] = x[from + i];
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            for (int i = 0; i < here; i++) {
                sum += fetched[i];
            }
        }
        __syncthreads();  // before the next 1024 are fetched
    }
    if (threadIdx.x == 0) {
        result[0] = sum;
    }
}

// ------------------------------------------------------------------------------------------- attention
//
// FlashAttention-2 (Dao 2023) in F32 arithmetic: the T x T scores exist only as tiles in shared memory. A block has 256
// threads as 16 x 16: thread (tx, ty) owns rows ty, ty + 16, ... of a tile of 16 * PER rows, and columns tx, tx + 16,
// ... of the other operand. Half a warp has the same ty, so row sums are shuffles among 16 lanes. Rows of WIDTH
// elements lie WIDTH + 1 apart (an odd number): threads that read one column of 16 rows then hit 16 banks.
//
// Scores are kept in units of log 2 (scale * log2(e) is one factor), so exp2f does what expf would.

static const int ATTENTION_THREADS = 256;
static const float LOG2_E = 1.4426950408889634f;
static const float LN_2 = 0.6931471805599453f;

// One matrix of one head of one sequence: rows are positions, columns are the head's.
template <typename T>
static __device__ __forceinline__ Rows<T> head_of(Rows<T> matrix, i64 sequence, int time, int head, int width) {
    return matrix.from(sequence * time, (i64)head * width);
}

// Fetches TILE rows from row first on; what lies outside of the matrix is zero.
template <int TILE, int WIDTH, typename T>
static __device__ __forceinline__ void fetch(float* tile, Rows<T> from, int first, int time, int width) {
#pragma unroll 4
    for (int i = threadIdx.x; i < TILE * WIDTH; i += ATTENTION_THREADS) {
        int row = i / WIDTH;
        int column = i % WIDTH;
        bool inside = first + row < time && column < width;
        tile[row * (WIDTH + 1) + column] = inside ? from.get(first + row, column) : 0;
    }
}

// products[i][j] = row ty + 16 i of a * row tx + 16 j of b.
template <int PER, int WIDTH>
static __device__ __forceinline__ void multiply(const float* a, const float* b, int width,
                                                float (&products)[PER][PER]) {
    const float* mine = a + threadIdx.x / 16 * (WIDTH + 1);
    const float* other = b + threadIdx.x % 16 * (WIDTH + 1);
    for (int i = 0; i < PER; i++) {
        for (int j = 0; j < PER; j++) {
            products[i][j] = 0;
        }
    }
#pragma unroll 2
    for (int d = 0; d < width; d++) {
        float x[PER];
        float y[PER];
        for (int i = 0; i < PER; i++) {
            x[i] = mine[16 * i * (WIDTH + 1) + d];
            y[i] = other[16 * i * (WIDTH + 1) + d];
        }
        for (int i = 0; i < PER; i++) {
            for (int j = 0; j < PER; j++) {
                products[i][j] += x[i] * y[j];
            }
        }
    }
}

// sums[i][j] += the sum over k < count of weight(k, i) * element tx + 16 j of row k of b, where weight(k, i) lies at
// weights[k * next_k + i * next_i]. On the diagonal a weight of 0 stands for what a query may not see: not even a NaN
// may come from there, so nothing is multiplied.
template <int PER, int WIDTH>
static __device__ __forceinline__ void accumulate(const float* weights, int next_k, int next_i, const float* b,
                                                  int count, bool diagonal, float (&sums)[PER][WIDTH / 16]) {
#pragma unroll 1
    for (int k = 0; k < count; k++) {
        float w[PER];
        for (int i = 0; i < PER; i++) {
            w[i] = weights[k * next_k + i * next_i];
        }
        for (int j = 0; j < WIDTH / 16; j++) {
            float y = b[k * (WIDTH + 1) + threadIdx.x % 16 + 16 * j];
            for (int i = 0; i < PER; i++) {
                if (!diagonal || w[i] != 0) {
                    sums[i][j] += w[i] * y;
                }
            }
        }
    }
}

// Writes sums times a factor of each row.
template <int PER, int WIDTH, typename T>
static __device__ __forceinline__ void store(Rows<T> to, int first, int time, int width, const float (&factor)[PER],
                                             const float (&sums)[PER][WIDTH / 16]) {
    for (int i = 0; i < PER; i++) {
        int row = first + threadIdx.x / 16 + 16 * i;
        for (int j = 0; j < WIDTH / 16; j++) {
            int column = threadIdx.x % 16 + 16 * j;
            if (row < time && column < width) {
                to.set(row, column, sums[i][j] * factor[i]);
            }
        }
    }
}

template <int PER, int COLUMNS>
static __device__ __forceinline__ void clear(float (&sums)[PER][COLUMNS]) {
    for (int i = 0; i < PER; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            sums[i][j] = 0;
        }
    }
}

// out and log_sum_exp of one tile of queries (blockIdx.x), head (y) and sequence (z). Algorithm 1: for each tile of
// keys, the running maximum of a row grows, what was summed so far shrinks accordingly, and the sums are divided once,
// at the end. Tiles of keys that lie after the queries are skipped. Keys and values take turns in one buffer, which
// leaves room for tiles of 64 on every GPU.
template <int PER, int WIDTH, typename T>
static __device__ __forceinline__ void attention(Rows<T> q, Rows<T> k, Rows<T> v, Rows<T> out, float* log_sum_exp,
                                                 int time, int group, int width, float scale) {
    const int TILE = 16 * PER;
    extern __shared__ float shared[];
    float* queries = shared;                        // [TILE, WIDTH + 1]
    float* others = queries + TILE * (WIDTH + 1);   // [TILE, WIDTH + 1], keys, then values
    float* weights = others + TILE * (WIDTH + 1);   // [TILE of queries, TILE of keys + 1]
    int tx = threadIdx.x % 16;
    int ty = threadIdx.x / 16;
    int first = (int)(gridDim.x - 1 - blockIdx.x) * TILE;  // the longest work begins first
    int head = blockIdx.y;
    Rows<T> keys = head_of(k, blockIdx.z, time, head / group, width);
    Rows<T> values = head_of(v, blockIdx.z, time, head / group, width);

    float largest[PER];
    float total[PER];
    float sums[PER][WIDTH / 16];
    clear(sums);
    for (int i = 0; i < PER; i++) {
        largest[i] = -infinity();
        total[i] = 0;
    }
    fetch<TILE, WIDTH>(queries, head_of(q, blockIdx.z, time, head, width), first, time, width);
    for (int from = 0; from < first + TILE && from < time; from += TILE) {
        fetch<TILE, WIDTH>(others, keys, from, time, width);
        __syncthreads();  // keys are here, and queries the first time
        float scores[PER][PER];
        multiply<PER, WIDTH>(queries, others, width, scores);
        for (int i = 0; i < PER; i++) {
            int row = first + ty + 16 * i;
            float most = largest[i];
            for (int j = 0; j < PER; j++) {
                int key = from + tx + 16 * j;
                scores[i][j] = key <= row && key < time ? scores[i][j] * scale * LOG2_E : -infinity();
                most = fmaxf(most, scores[i][j]);
            }
            most = across_lanes<16>(most, Largest());
            float sum = 0;
            for (int j = 0; j < PER; j++) {
                float weight = exp2f(scores[i][j] - most);
                weights[(ty + 16 * i) * (TILE + 1) + tx + 16 * j] = weight;
                sum += weight;
            }
            float shrink = exp2f(largest[i] - most);
            total[i] = total[i] * shrink + across_lanes<16>(sum, Sum());
            largest[i] = most;
            for (int j = 0; j < WIDTH / 16; j++) {
                sums[i][j] *= shrink;
            }
        }
        __syncthreads();  // keys are no longer needed
        fetch<TILE, WIDTH>(others, values, from, time, width);
        __syncthreads();  // values are here, and weights
        int count = time - from < TILE ? time - from : TILE;
        accumulate<PER, WIDTH>(weights + ty * (TILE + 1), 1, 16 * (TILE + 1), others, count, from == first, sums);
        __syncthreads();  // values and weights are no longer needed
    }
    for (int i = 0; i < PER; i++) {
        int row = first + ty + 16 * i;
        if (tx == 0 && row < time) {
            log_sum_exp[((i64)blockIdx.z * gridDim.y + head) * time + row] = (largest[i] + log2f(total[i])) * LN_2;
        }
        total[i] = 1 / total[i];
    }
    store<PER, WIDTH>(head_of(out, blockIdx.z, time, head, width), first, time, width, total, sums);
}

// delta[B*H,T] = the sum over D of dout * out: the part of the gradient of a softmax that all its inputs share. A warp
// per row and head.
template <typename T>
static __device__ __forceinline__ void attention_delta(Rows<T> dout, Rows<T> out, float* delta, i64 rows, int time,
                                                       int heads, int width) {
    i64 index = (i64)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (index >= rows * heads) {
        return;
    }
    i64 row = index / heads;
    int head = (int)(index % heads);
    float sum = 0;
    for (int d = threadIdx.x % 32; d < width; d += 32) {
        sum += dout.get(row, (i64)head * width + d) * out.get(row, (i64)head * width + d);
    }
    sum = across_lanes<32>(sum, Sum());
    if (threadIdx.x % 32 == 0) {
        delta[(row / time * heads + head) * time + row % time] = sum;
    }
}
FOR_F32_AND_BF16(attention_delta,
                 (const void* dout, i64 dout_stride, const void* out, i64 out_stride, float* delta, i64 rows,
                  int time, int heads, int width),
                 Rows<T>(dout, dout_stride), Rows<T>(out, out_stride), delta, rows, time, heads, width)

// A weight of the softmax, recomputed from its score.
static __device__ __forceinline__ float weight_of(float score, float scale, float log_sum_exp, bool visible) {
    return visible ? exp2f((score * scale - log_sum_exp) * LOG2_E) : 0;
}

// dq of one tile of queries, head and sequence. Algorithm 2 of the paper adds to dq from all tiles of keys at once, in
// no order; here a block of its own goes over the keys in order, at the price of computing scores twice.
template <int PER, int WIDTH, typename T>
static __device__ __forceinline__ void attention_dq(Rows<T> q, Rows<T> k, Rows<T> v, const float* log_sum_exp,
                                                    const float* delta, Rows<T> dout, Rows<T> dq, int time,
                                                    int group, int width, float scale) {
    const int TILE = 16 * PER;
    extern __shared__ float shared[];
    float* queries = shared;                          // [TILE, WIDTH + 1]
    float* gradients = queries + TILE * (WIDTH + 1);  // [TILE, WIDTH + 1], of out
    float* others = gradients + TILE * (WIDTH + 1);   // [TILE, WIDTH + 1], values, then keys
    float* slopes = others + TILE * (WIDTH + 1);      // [TILE of queries, TILE of keys + 1], gradients of scores
    int tx = threadIdx.x % 16;
    int ty = threadIdx.x / 16;
    int first = (int)(gridDim.x - 1 - blockIdx.x) * TILE;
    int head = blockIdx.y;
    i64 statistics = ((i64)blockIdx.z * gridDim.y + head) * time;
    Rows<T> keys = head_of(k, blockIdx.z, time, head / group, width);
    Rows<T> values = head_of(v, blockIdx.z, time, head / group, width);

    float row_sum_exp[PER];
    float row_delta[PER];
    float factor[PER];
    float sums[PER][WIDTH / 16];
    clear(sums);
    for (int i = 0; i < PER; i++) {
        int row = first + ty + 16 * i;
        row_sum_exp[i] = row < time ? log_sum_exp[statistics + row] : 0;
        row_delta[i] = row < time ? delta[statistics + row] : 0;
        factor[i] = scale;
    }
    fetch<TILE, WIDTH>(queries, head_of(q, blockIdx.z, time, head, width), first, time, width);
    fetch<TILE, WIDTH>(gradients, head_of(dout, blockIdx.z, time, head, width), first, time, width);
    for (int from = 0; from < first + TILE && from < time; from += TILE) {
        fetch<TILE, WIDTH>(others, values, from, time, width);
        __syncthreads();  // values are here, and queries and gradients the first time
        float of_weights[PER][PER];
        multiply<PER, WIDTH>(gradients, others, width, of_weights);
        __syncthreads();  // values are no longer needed
        fetch<TILE, WIDTH>(others, keys, from, time, width);
        __syncthreads();  // keys are here
        float scores[PER][PER];
        multiply<PER, WIDTH>(queries, others, width, scores);
        for (int i = 0; i < PER; i++) {
            int row = first + ty + 16 * i;
            for (int j = 0; j < PER; j++) {
                int key = from + tx + 16 * j;
                float weight = weight_of(scores[i][j], scale, row_sum_exp[i], key <= row && row < time);
                slopes[(ty + 16 * i) * (TILE + 1) + tx + 16 * j] =
                    weight != 0 ? weight * (of_weights[i][j] - row_delta[i]) : 0;
            }
        }
        __syncwarp();  // the 16 threads that read a row of slopes wrote it
        int count = time - from < TILE ? time - from : TILE;
        accumulate<PER, WIDTH>(slopes + ty * (TILE + 1), 1, 16 * (TILE + 1), others, count, from == first, sums);
        __syncthreads();  // keys are no longer needed
    }
    store<PER, WIDTH>(head_of(dq, blockIdx.z, time, head, width), first, time, width, factor, sums);
}

// dk and dv of one tile of keys, key/value head and sequence: over all heads that share it, and over the queries from
// this tile on, in order.
template <int PER, int WIDTH, typename T>
static __device__ __forceinline__ void attention_dkv(Rows<T> q, Rows<T> k, Rows<T> v, const float* log_sum_exp,
                                                     const float* delta, Rows<T> dout, Rows<T> dk, Rows<T> dv,
                                                     int time, int group, int width, float scale) {
    const int TILE = 16 * PER;
    extern __shared__ float shared[];
    float* keys = shared;                             // [TILE, WIDTH + 1]
    float* values = keys + TILE * (WIDTH + 1);        // [TILE, WIDTH + 1]
    float* queries = values + TILE * (WIDTH + 1);     // [TILE, WIDTH + 1]
    float* gradients = queries + TILE * (WIDTH + 1);  // [TILE, WIDTH + 1], of out
    float* weights = gradients + TILE * (WIDTH + 1);  // [TILE of queries, TILE of keys + 1]
    float* slopes = weights + TILE * (TILE + 1);      // [TILE of queries, TILE of keys + 1], gradients of scores
    int tx = threadIdx.x % 16;
    int ty = threadIdx.x / 16;
    int first = blockIdx.x * TILE;
    int shared_head = blockIdx.y;

    float of_keys[PER][WIDTH / 16];
    float of_values[PER][WIDTH / 16];
    clear(of_keys);
    clear(of_values);
    fetch<TILE, WIDTH>(keys, head_of(k, blockIdx.z, time, shared_head, width), first, time, width);
    fetch<TILE, WIDTH>(values, head_of(v, blockIdx.z, time, shared_head, width), first, time, width);
    for (int head = shared_head * group; head < (shared_head + 1) * group; head++) {
        Rows<T> head_queries = head_of(q, blockIdx.z, time, head, width);
        Rows<T> head_gradients = head_of(dout, blockIdx.z, time, head, width);
        i64 statistics = ((i64)blockIdx.z * gridDim.y * group + head) * time;
        for (int from = first; from < time; from += TILE) {
            fetch<TILE, WIDTH>(queries, head_queries, from, time, width);
            fetch<TILE, WIDTH>(gradients, head_gradients, from, time, width);
            __syncthreads();  // queries and gradients are here, and keys and values the first time
            float scores[PER][PER];
            float of_weights[PER][PER];
            multiply<PER, WIDTH>(queries, keys, width, scores);
            multiply<PER, WIDTH>(gradients, values, width, of_weights);
            for (int i = 0; i < PER; i++) {
                int row = from + ty + 16 * i;
                float row_sum_exp = row < time ? log_sum_exp[statistics + row] : 0;
                float row_delta = row < time ? delta[statistics + row] : 0;
                for (int j = 0; j < PER; j++) {
                    int key = first + tx + 16 * j;
                    int at = (ty + 16 * i) * (TILE + 1) + tx + 16 * j;
                    float weight = weight_of(scores[i][j], scale, row_sum_exp, key <= row && row < time);
                    weights[at] = weight;
                    slopes[at] = weight != 0 ? weight * (of_weights[i][j] - row_delta) : 0;
                }
            }
            __syncthreads();  // weights and slopes are here
            int count = time - from < TILE ? time - from : TILE;
            accumulate<PER, WIDTH>(weights + ty, TILE + 1, 16, gradients, count, from == first, of_values);
            accumulate<PER, WIDTH>(slopes + ty, TILE + 1, 16, queries, count, from == first, of_keys);
            __syncthreads();  // queries, gradients, weights and slopes are no longer needed
        }
    }
    float one[PER];
    float factor[PER];
    for (int i = 0; i < PER; i++) {
        one[i] = 1;
        factor[i] = scale;
    }
    store<PER, WIDTH>(head_of(dv, blockIdx.z, time, shared_head, width), first, time, width, one, of_values);
    store<PER, WIDTH>(head_of(dk, blockIdx.z, time, shared_head, width), first, time, width, factor, of_keys);
}

// Entry points by the widest head they can do. Tiles are as large as the 99 KB of shared memory of the smaller GPUs
// allow: PER_FORWARD and PER_BACKWARD times 16 rows.
#define ATTENTION(T, name, WIDTH, PER_FORWARD, PER_BACKWARD)                                                          \
    extern "C" __global__ void __launch_bounds__(256) attention_##name(                                               \
        const void* q, i64 q_stride, const void* k, i64 k_stride, const void* v, i64 v_stride, void* out,             \
        i64 out_stride, float* log_sum_exp, int time, int group, int width, float scale) {                            \
        attention<PER_FORWARD, WIDTH>(Rows<T>(q, q_stride), Rows<T>(k, k_stride), Rows<T>(v, v_stride),               \
                                      Rows<T>(out, out_stride), log_sum_exp, time, group, width, scale);              \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256) attention_dq_##name(                                            \
        const void* q, i64 q_stride, const void* k, i64 k_stride, const void* v, i64 v_stride,                        \
        const float* log_sum_exp, const float* delta, const void* dout, i64 dout_stride, void* dq, i64 dq_stride,     \
        int time, int group, int width, float scale) {                                                                \
        attention_dq<PER_BACKWARD, WIDTH>(Rows<T>(q, q_stride), Rows<T>(k, k_stride), Rows<T>(v, v_stride),           \
                                          log_sum_exp, delta, Rows<T>(dout, dout_stride), Rows<T>(dq, dq_stride),     \
                                          time, group, width, scale);                                                 \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256) attention_dkv_##name(                                           \
        const void* q, i64 q_stride, const void* k, i64 k_stride, const void* v, i64 v_stride,                        \
        const float* log_sum_exp, const float* delta, const void* dout, i64 dout_stride, void* dk, i64 dk_stride,     \
        void* dv, i64 dv_stride, int time, int group, int width, float scale) {                                       \
        attention_dkv<PER_BACKWARD, WIDTH>(Rows<T>(q, q_stride), Rows<T>(k, k_stride), Rows<T>(v, v_stride),          \
                                           log_sum_exp, delta, Rows<T>(dout, dout_stride), Rows<T>(dk, dk_stride),    \
                                           Rows<T>(dv, dv_stride), time, group, width, scale);                        \
    }
ATTENTION(float, 64_f32, 64, 4, 2)
ATTENTION(bf16, 64_bf16, 64, 4, 2)
ATTENTION(float, 128_f32, 128, 4, 2)
ATTENTION(bf16, 128_bf16, 128, 4, 2)
ATTENTION(float, 256_f32, 256, 2, 1)
ATTENTION(bf16, 256_bf16, 256, 2, 1)

// ------------------------------------------------------------------------------------------- random numbers

// The 128 bits of a counter: Philox-4x32 with 10 rounds (Salmon et al., SC 2011), as io.dunlin.tensor.Philox.
struct Random {
    u64 low;
    u64 high;
};

static __device__ __forceinline__ Random philox(u64 key, u64 lane, u64 counter) {
    u32 c0 = (u32)counter;
    u32 c1 = (u32)(counter >> 32);
    u32 c2 = (u32)lane;
    u32 c3 = (u32)(lane >> 32);
    u32 k0 = (u32)key;
    u32 k1 = (u32)(key >> 32);
    for (int round = 0; round < 10; round++) {
        u64 product0 = (u64)0xD2511F53u * c0;
        u64 product1 = (u64)0xCD9E8D57u * c2;
        c0 = (u32)(product1 >> 32) ^ c1 ^ k0;
        c2 = (u32)(product0 >> 32) ^ c3 ^ k1;
        c1 = (u32)product1;
        c3 = (u32)product0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    Random random = {c0 | (u64)c1 << 32, c2 | (u64)c3 << 32};
    return random;
}

// x = beta * x + a * noise, where noise is the standard normal of counter first + i (Box and Muller, in double as on
// the host). With beta 0 the old x is not read; with beta 1 it is a perturbation in place.
extern "C" __global__ void noise_normal(float* x, i64 count, u64 key, u64 lane, u64 first, float a, float beta) {
    FOR_EACH_ELEMENT(one, i, 1, count) {
        Random random = philox(key, lane, first + i);
        double radius = sqrt(-2.0 * log(((random.low >> 11) + 1) * (1.0 / 9007199254740992.0)));
        double noise = radius * cos(6.283185307179586 * ((random.high >> 11) * (1.0 / 9007199254740992.0)));
        float drawn = __fmul_rn(a, (float)noise);
        x[i] = beta == 0 ? drawn : __fadd_rn(__fmul_rn(beta, x[i]), drawn);
    }
}

// As noise_normal, with noise -1 or 1: element e = first + i has bit e % 128 of counter e / 128, and a set bit is -1.
extern "C" __global__ void noise_rademacher(float* x, i64 count, u64 key, u64 lane, u64 first, float a, float beta) {
    FOR_EACH_ELEMENT(one, i, 1, count) {
        u64 element = first + i;
        Random random = philox(key, lane, element / 128);
        u64 bits = element % 128 < 64 ? random.low : random.high;
        float drawn = bits >> element % 64 & 1 ? -a : a;
        x[i] = beta == 0 ? drawn : __fadd_rn(__fmul_rn(beta, x[i]), drawn);
    }
}

// ------------------------------------------------------------------------------------------- block quantisation
//
// The messages of io.dunlin.collectives.quant.BlockFormat, bit for bit: a header of 16 bytes, the scales, the levels
// (8 or 4 bits each). A CUDA block makes one block of the format.

// A random number between -1/2 and 1/2 for element e of a lane: 16 bits number e % 4 of half e / 32 % 2 at counter
// e / 64 * 8 + e % 32 / 4.
static __device__ __forceinline__ float dither_of(u64 key, u64 lane, u64 element) {
    Random random = philox(key, lane, element / 64 * 8 + element % 32 / 4);
    u64 half = element / 32 % 2 ? random.high : random.low;
    short number = (short)(half >> element % 4 * 16);
    return number * (1.0f / 65536) + (1.0f / 131072);
}

// The level of x. The product is rounded before the dither is added, as on the host.
static __device__ __forceinline__ int level_of(float x, float inverse, float dither, float largest_level) {
    float value = __fadd_rn(__fmul_rn(x, inverse), dither);
    return (int)rintf(fminf(fmaxf(value, -largest_level), largest_level));
}

// Where the levels of a block lie, and how many elements it has.
struct Levels {
    signed char* at;
    int count;

    __device__ __forceinline__ Levels(void* message, i64 block, i64 blocks, i64 count_all, int block_elements,
                                      int bits) {
        i64 rest = count_all - block * block_elements;
        at = (signed char*)message + 16 + blocks * 4 + block * (block_elements * bits / 8);
        count = rest < block_elements ? (int)rest : block_elements;
    }

    // Bytes of a group of 32 elements of 4 bits, or of a shorter one at the end: byte j has element j in its lower
    // half and element j + this in its upper.
    __device__ __forceinline__ int half_of(int group) const {
        int here = count - group * 32;
        return ((here < 32 ? here : 32) + 1) / 2;
    }
};

// stochastic: adds dither_of(key, lane, first_element + i) before rounding; without, rounding is to nearest even.
template <typename T>
static __device__ __forceinline__ void quantize(Rows<T> x, i64 count, void* message, int bits, int block_elements,
                                                float largest_scale, int stochastic, u64 key, u64 lane,
                                                u64 first_element) {
    i64 block = blockIdx.x;
    i64 first = block * block_elements;
    Levels levels(message, block, gridDim.x, count, block_elements, bits);
    u32 magnitude = 0;
    for (int i = threadIdx.x; i < levels.count; i += blockDim.x) {
        u32 here = __float_as_uint(x.get(0, first + i)) & 0x7fffffff;
        magnitude = here > magnitude ? here : magnitude;
    }
    magnitude = across_block(magnitude, 0u, Largest());
    bool finite = magnitude < 0x7f800000;
    float largest_level = (float)((1 << (bits - 1)) - 1);
    float scale = __uint_as_float(magnitude) / largest_level;
    scale = fminf(fmaxf(scale, __int_as_float(0x00800000)), largest_scale);
    float inverse = 1 / scale;
    if (threadIdx.x == 0) {
        ((u32*)message)[4 + block] = finite ? __float_as_uint(scale) : 0x7fc00000;
    }
    if (bits == 8) {
        for (int i = threadIdx.x; i < levels.count; i += blockDim.x) {
            float dither = stochastic ? dither_of(key, lane, first_element + first + i) : 0;
            int level = level_of(x.get(0, first + i), inverse, dither, largest_level);
            levels.at[i] = (signed char)(finite ? level : 0);
        }
        return;
    }
    for (int i = threadIdx.x; i < (levels.count + 1) / 2; i += blockDim.x) {
        int half = levels.half_of(i / 16);
        int low = i / 16 * 32 + i % 16;
        int pair = 0;
        for (int upper = 0; upper < 2; upper++) {
            int element = low + upper * half;
            if (finite && element < levels.count) {
                float dither = stochastic ? dither_of(key, lane, first_element + first + element) : 0;
                pair |= (level_of(x.get(0, first + element), inverse, dither, largest_level) & 0xf) << 4 * upper;
            }
        }
        levels.at[i] = (signed char)pair;
    }
}
FOR_F32_AND_BF16(quantize,
                 (const void* x, i64 count, void* message, int bits, int block_elements, float largest_scale,
                  int stochastic, u64 key, u64 lane, u64 first_element),
                 Rows<T>(x, 0), count, message, bits, block_elements, largest_scale, stochastic, key, lane,
                 first_element)

// 'D' 'Q', version 1 and bits; elements of a block; elements. By a kernel, so that it is ordered with the rest.
extern "C" __global__ void quantize_header(void* message, i64 count, int bits, int block_elements) {
    ((u32*)message)[0] = 0x00015144u | (u32)bits << 24;
    ((u32*)message)[1] = (u32)block_elements;
    ((u32*)message)[2] = (u32)count;
    ((u32*)message)[3] = (u32)(count >> 32);
}

// y = beta * y + level * scale; beta is 0 or 1.
template <typename T>
static __device__ __forceinline__ void dequantize(const void* message, Rows<T> y, i64 count, int bits,
                                                  int block_elements, float beta) {
    i64 block = blockIdx.x;
    Levels levels((void*)message, block, gridDim.x, count, block_elements, bits);
    float scale = ((const float*)message)[4 + block];
    for (int i = threadIdx.x; i < levels.count; i += blockDim.x) {
        int level = levels.at[bits == 8 ? i : 0];
        if (bits == 4) {
            int half = levels.half_of(i / 32);
            int pair = levels.at[i / 32 * 16 + i % 32 % half];
            level = i % 32 < half ? (signed char)(pair << 4) >> 4 : pair >> 4;
        }
        i64 element = block * block_elements + i;
        float value = __fmul_rn((float)level, scale);
        y.set(0, element, beta == 0 ? value : __fadd_rn(y.get(0, element), value));
    }
}
FOR_F32_AND_BF16(dequantize,
                 (const void* message, void* y, i64 count, int bits, int block_elements, float beta), message,
                 Rows<T>(y, 0), count, bits, block_elements, beta)
