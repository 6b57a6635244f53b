// Kernels for tests of streams, events and faults. test_kernels.ptx is made from this file: see test_kernels.sh.

// x[i] = x[i] * a + b for all i < n.
extern "C" __global__ void multiply_add(float* x, float a, float b, long long n) {
    long long stride = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        x[i] = x[i] * a + b;
    }
}

// sums[block] = the sum of 256 elements, by shuffles within warps and a barrier between them.
extern "C" __global__ void block_sums(const float* x, float* sums) {
    __shared__ float of_warp[8];
    extern __shared__ float copy[];
    int thread = threadIdx.x;
    copy[thread] = x[blockIdx.x * 256 + thread];
    __syncthreads();
    float sum = copy[255 - thread];
    for (int offset = 16; offset > 0; offset >>= 1) {
        sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    }
    if (thread % 32 == 0) {
        of_warp[thread / 32] = sum;
    }
    __syncthreads();
    if (thread == 0) {
        for (int i = 1; i < 8; i++) {
            sum += of_warp[i];
        }
        sums[blockIdx.x] = sum;
    }
}

// The same without the barrier that lets all threads see the copy. Wrong on purpose.
extern "C" __global__ void block_sums_without_barrier(const float* x, float* sums) {
    extern __shared__ float copy[];
    int thread = threadIdx.x;
    copy[thread] = x[blockIdx.x * 256 + thread];
    float sum = copy[255 - thread];
    for (int offset = 16; offset > 0; offset >>= 1) {
        sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    }
    if (thread % 32 == 0) {
        atomicAdd(sums + blockIdx.x, sum);
    }
}

// Writes far outside of its memory. Wrong on purpose.
extern "C" __global__ void write_outside(float* x, long long offset) { x[offset] = 1.0f; }

// One thread waits for its warp, the others for the block. Wrong on purpose.
extern "C" __global__ void wait_for_each_other(float* x) {
    if (threadIdx.x == 0) {
        x[0] = __shfl_sync(0xffffffffu, x[0], 1);
    } else {
        __syncthreads();
    }
}
