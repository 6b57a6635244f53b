// The device language of CUDA for g++, as far as header-free kernels use it. host_kernels.sh puts this in front of
// an unmodified .cu file. Each CUDA thread is a fiber; all threads of a block run on one thread of the system.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cuda_standin.h"

// ---------------------------------------------------------------- qualifiers and built-in variables

#define __global__ __attribute__((visibility("default")))
#define __device__
#define __host__
#define __constant__
#define __shared__ static thread_local  // one block is on one thread of the system
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) __attribute__((aligned(n)))

#define threadIdx (standin_self()->thread_index)
#define blockIdx (standin_self()->block_index)
#define blockDim (standin_self()->block_extent)
#define gridDim (standin_self()->grid_extent)
#define warpSize 32

using dim3 = standin_dim3;
using std::max;
using std::min;

// ---------------------------------------------------------------- vector types, aligned as on the device

#define STANDIN_VECTOR(type, element, suffix, alignment2, alignment4)                                  \
    struct alignas(alignment2) suffix##2 {                                                             \
        element x, y;                                                                                  \
    };                                                                                                 \
    struct alignas(alignment4) suffix##4 {                                                             \
        element x, y, z, w;                                                                            \
    };                                                                                                 \
    static inline suffix##2 make_##suffix##2(element x, element y) { return {x, y}; }                  \
    static inline suffix##4 make_##suffix##4(element x, element y, element z, element w) { return {x, y, z, w}; }

STANDIN_VECTOR(float, float, float, 8, 16)
STANDIN_VECTOR(int, int, int, 8, 16)
STANDIN_VECTOR(unsigned, unsigned, uint, 8, 16)
STANDIN_VECTOR(short, short, short, 4, 8)
STANDIN_VECTOR(unsigned short, unsigned short, ushort, 4, 8)
STANDIN_VECTOR(char, signed char, char, 2, 4)
STANDIN_VECTOR(unsigned char, unsigned char, uchar, 2, 4)
STANDIN_VECTOR(double, double, double, 16, 16)
STANDIN_VECTOR(long long, long long, longlong, 16, 16)
STANDIN_VECTOR(unsigned long long, unsigned long long, ulonglong, 16, 16)
#undef STANDIN_VECTOR

struct float3 {
    float x, y, z;
};
static inline float3 make_float3(float x, float y, float z) { return {x, y, z}; }

// ---------------------------------------------------------------- barriers, fences, warps

static inline int __syncthreads_count(int predicate) {
    __asm__ volatile("" ::: "memory");  // nothing shared stays in a register
    int count = standin_barrier(predicate);
    __asm__ volatile("" ::: "memory");
    return count;
}
static inline void __syncthreads() { __syncthreads_count(0); }
static inline int __syncthreads_or(int predicate) { return __syncthreads_count(predicate) != 0; }
static inline int __syncthreads_and(int predicate) { return __syncthreads_count(!predicate) == 0; }

static inline void __syncwarp(unsigned mask = 0xffffffffu) {
    __asm__ volatile("" ::: "memory");
    standin_warp(STANDIN_WARP_SYNC, mask, 0, 0);
    __asm__ volatile("" ::: "memory");
}
static inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __trap() { standin_trap("__trap"); }

template <class T>
static inline T standin_shuffle(unsigned mask, T value, int source) {
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    bits = standin_warp(STANDIN_WARP_SHUFFLE, mask, bits, source);
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}
template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    int lane = standin_lane();
    return standin_shuffle(mask, value, (lane & ~(width - 1)) | (source & (width - 1)));
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32) {
    int lane = standin_lane(), source = lane ^ lane_mask;
    return standin_shuffle(mask, value, source / width > lane / width ? lane : source);
}
template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int lane = standin_lane(), source = lane + (int)delta;
    return standin_shuffle(mask, value, source / width != lane / width ? lane : source);
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int lane = standin_lane(), source = lane - (int)delta;
    return standin_shuffle(mask, value, source < (lane & ~(width - 1)) ? lane : source);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate) {
    return (unsigned)standin_warp(STANDIN_WARP_BALLOT, mask, predicate != 0, 0);
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// ---------------------------------------------------------------- atomics and cached accesses

template <class T, class F>
static inline T standin_update(T* where, F next) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "atomics are of 4 or 8 bytes");
    using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    Bits* bits = reinterpret_cast<Bits*>(where);
    Bits old_bits = __atomic_load_n(bits, __ATOMIC_RELAXED), new_bits;
    T value;
    do {
        std::memcpy(&value, &old_bits, sizeof value);
        value = next(value);
        std::memcpy(&new_bits, &value, sizeof new_bits);
    } while (!__atomic_compare_exchange_n(bits, &old_bits, new_bits, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    std::memcpy(&value, &old_bits, sizeof value);
    return value;
}
#define STANDIN_ATOMIC(name, expression)                                   \
    template <class T>                                                     \
    static inline T name(T* where, std::type_identity_t<T> operand) {      \
        return standin_update(where, [operand](T old) { return T(expression); }); \
    }
STANDIN_ATOMIC(atomicAdd, old + operand)
STANDIN_ATOMIC(atomicSub, old - operand)
STANDIN_ATOMIC(atomicMax, old > operand ? old : operand)
STANDIN_ATOMIC(atomicMin, old < operand ? old : operand)
STANDIN_ATOMIC(atomicAnd, old & operand)
STANDIN_ATOMIC(atomicOr, old | operand)
STANDIN_ATOMIC(atomicXor, old ^ operand)
STANDIN_ATOMIC(atomicExch, operand)
STANDIN_ATOMIC(atomicInc, old >= operand ? 0 : old + 1)
#undef STANDIN_ATOMIC
template <class T>
static inline T atomicCAS(T* where, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
    return standin_update(where, [expected, value](T old) { return old == expected ? value : old; });
}

#define STANDIN_LOAD(name)                  \
    template <class T>                      \
    static inline T name(const T* where) {  \
        return *where;                      \
    }
STANDIN_LOAD(__ldg)
STANDIN_LOAD(__ldca)
STANDIN_LOAD(__ldcg)
STANDIN_LOAD(__ldcs)
#undef STANDIN_LOAD
#define STANDIN_STORE(name)                                            \
    template <class T>                                                 \
    static inline void name(T* where, std::type_identity_t<T> value) { \
        *where = value;                                                \
    }
STANDIN_STORE(__stcg)
STANDIN_STORE(__stcs)
STANDIN_STORE(__stwb)
STANDIN_STORE(__stwt)
#undef STANDIN_STORE

// ---------------------------------------------------------------- numbers

template <class To, class From>
static inline To standin_bits(From value) {
    static_assert(sizeof(To) == sizeof(From));
    To result;
    std::memcpy(&result, &value, sizeof result);
    return result;
}
static inline float __int_as_float(int bits) { return standin_bits<float>(bits); }
static inline int __float_as_int(float value) { return standin_bits<int>(value); }
static inline float __uint_as_float(unsigned bits) { return standin_bits<float>(bits); }
static inline unsigned __float_as_uint(float value) { return standin_bits<unsigned>(value); }
static inline double __longlong_as_double(long long bits) { return standin_bits<double>(bits); }
static inline long long __double_as_longlong(double value) { return standin_bits<long long>(value); }

// glibc declares functions of some of these names itself, so they are macros.
#define __expf(x) expf(x)
#define __exp10f(x) exp10f(x)
#define __logf(x) logf(x)
#define __log2f(x) log2f(x)
#define __log10f(x) log10f(x)
#define __sinf(x) sinf(x)
#define __cosf(x) cosf(x)
#define __tanf(x) tanf(x)
#define __powf(x, y) powf(x, y)
#define __sincosf(x, s, c) sincosf(x, s, c)

static inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
static inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
static inline float __frsqrt_rn(float x) { return 1.0f / std::sqrt(x); }
static inline float __fsqrt_rn(float x) { return std::sqrt(x); }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
// Through volatile, because the plain forms must never be fused with what follows.
static inline float __fadd_rn(float a, float b) { volatile float r = a + b; return r; }
static inline float __fsub_rn(float a, float b) { volatile float r = a - b; return r; }
static inline float __fmul_rn(float a, float b) { volatile float r = a * b; return r; }
static inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
static inline float sinpif(float x) { return (float)std::sin(M_PI * std::fmod((double)x, 2.0)); }
static inline float cospif(float x) { return (float)std::cos(M_PI * std::fmod((double)x, 2.0)); }
static inline void sincospif(float x, float* s, float* c) { *s = sinpif(x); *c = cospif(x); }
static inline int __float2int_rn(float x) { return (int)std::nearbyint(x); }
static inline int __float2int_rz(float x) { return (int)x; }
static inline int __float2int_rd(float x) { return (int)std::floor(x); }
static inline int __float2int_ru(float x) { return (int)std::ceil(x); }
static inline unsigned __float2uint_rn(float x) { return (unsigned)std::nearbyint(x); }
static inline float __int2float_rn(int x) { return (float)x; }
static inline float __uint2float_rn(unsigned x) { return (float)x; }
static inline float __double2float_rn(double x) { return (float)x; }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
static inline int __mulhi(int a, int b) { return (int)((int64_t)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline unsigned __brev(unsigned x) {
    unsigned reversed = 0;
    for (int i = 0; i < 32; i++) {
        reversed |= (x >> i & 1u) << (31 - i);
    }
    return reversed;
}
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)((((uint64_t)high << 32 | low) << (shift & 31)) >> 32);
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)(((uint64_t)high << 32 | low) >> (shift & 31));
}

// ---------------------------------------------------------------- the table of entry points

template <auto F>
struct standin_thunk;
template <class... A, void (*F)(A...)>
struct standin_thunk<F> {
    static constexpr uint32_t bytes[] = {sizeof(A)..., 0};
    static constexpr int count = sizeof...(A);
    template <std::size_t... I>
    static void call(void** parameters, std::index_sequence<I...>) {
        F(*static_cast<A*>(parameters[I])...);
    }
    static void run(void** parameters) { call(parameters, std::index_sequence_for<A...>{}); }
};
#define STANDIN_KERNEL(f) {#f, &standin_thunk<&f>::run, standin_thunk<&f>::count, standin_thunk<&f>::bytes}
