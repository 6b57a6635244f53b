// What the stand-in driver (libcuda.so.1), the kernels compiled for the host and the other stand-in libraries
// promise each other. The kernels' side is a C interface, so that a kernel library needs no header of the driver.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct standin_dim3 {
    unsigned x, y, z;
};

// What one CUDA thread sees of itself.
struct standin_thread {
    standin_dim3 thread_index, block_index, block_extent, grid_extent;
    void* dynamic_shared;
};

// One entry point. The thunk unpacks the parameters and calls the kernel for the current thread.
struct standin_kernel {
    const char* name;
    void (*thunk)(void** parameters);
    int parameter_count;
    const uint32_t* parameter_bytes;
};

// Every kernel library exports one as standin_module_v1.
struct standin_module {
    uint32_t abi;  // 1
    const char* source_sha256;
    int kernel_count;
    const standin_kernel* kernels;
};

// The current CUDA thread. Within one call of a kernel the answer never changes, hence const: the compiler may keep
// it in a register. That holds only because the loop over threads lies outside the kernel's library.
standin_thread* standin_self(void) __attribute__((const));

int standin_lane(void);

// __syncthreads; the answer is the number of threads of the block whose predicate is not 0.
int standin_barrier(int predicate);

enum { STANDIN_WARP_SHUFFLE = 0, STANDIN_WARP_BALLOT = 1, STANDIN_WARP_SYNC = 2 };

// A warp operation of the lanes in mask: the value of lane source, or the ballot of the lowest bits of all values.
uint64_t standin_warp(int kind, unsigned mask, uint64_t value, int source);

[[noreturn]] void standin_trap(const char* why);

// For the stand-ins of cuBLAS and NVRTC: puts work on a stream of the calling thread's context.
int standin_enqueue(void* stream, const char* what, int (*work)(void*), void* argument);

// Whether the bytes lie inside one live allocation of a device.
int standin_is_device_range(const void* start, size_t length_bytes);

// Device memory that a library takes for itself; null if there is no more.
void* standin_take(size_t length_bytes);
void standin_give_back(void* memory);

// The status that a test has asked the next call of this function to fail with, or 0. Also writes the trace.
int standin_enter(const char* function);

// Says on standard error and in the trace that a function has no body here.
void standin_unsupported(const char* function);
}
