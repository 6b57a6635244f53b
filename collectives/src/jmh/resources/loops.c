/* The computations of the quantiser and of the reductions as plain loops, for comparing: same inputs, same bytes out. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static int bits_of(float x) { int b; memcpy(&b, &x, 4); return b; }
static float float_of(int b) { float x; memcpy(&x, &b, 4); return x; }

static float scale_of(const float *restrict x, long count, float largest_level) {
    int largest = 0;
    for (long i = 0; i < count; i++) {
        int b = bits_of(x[i]) & 0x7fffffff;
        largest = b > largest ? b : largest;
    }
    float scale = float_of(largest) / largest_level;
    return scale < FLT_MIN ? FLT_MIN : scale;
}

static void levels8(const float *restrict x, float inverse, int8_t *restrict q, long count) {
    for (long i = 0; i < count; i++) {
        q[i] = (int8_t)(int)rintf(x[i] * inverse);
    }
}

static void levels4(const float *restrict x, float inverse, uint8_t *restrict q, long count) {
    for (long g = 0; g < count / 32; g++) {
        int level[32];
        for (int j = 0; j < 32; j++) {
            level[j] = (int)rintf(x[32 * g + j] * inverse);
        }
        for (int j = 0; j < 16; j++) {
            q[16 * g + j] = (uint8_t)((level[j] & 15) | (level[16 + j] << 4));
        }
    }
}

void quantize8(const float *x, long n, long block, float *scales, int8_t *q) {
    for (long b = 0; b < n / block; b++) {
        scales[b] = scale_of(x + b * block, block, 127);
        levels8(x + b * block, 1 / scales[b], q + b * block, block);
    }
}

void quantize4(const float *x, long n, long block, float *scales, uint8_t *q) {
    for (long b = 0; b < n / block; b++) {
        scales[b] = scale_of(x + b * block, block, 7);
        levels4(x + b * block, 1 / scales[b], q + b * block / 2, block);
    }
}

void dequantize8(float *restrict x, long n, long block, const float *restrict scales, const int8_t *restrict q) {
    for (long b = 0; b < n / block; b++) {
        float scale = scales[b];
        for (long i = b * block; i < (b + 1) * block; i++) {
            x[i] = q[i] * scale;
        }
    }
}

static void values4(float *restrict x, float scale, const uint8_t *restrict q, long count) {
    for (long g = 0; g < count / 32; g++) {
        int pair[16];
        for (int j = 0; j < 16; j++) {
            pair[j] = (int8_t)q[16 * g + j];
        }
        for (int j = 0; j < 16; j++) {
            x[32 * g + j] = (pair[j] << 28 >> 28) * scale;
            x[32 * g + 16 + j] = (pair[j] >> 4) * scale;
        }
    }
}

void dequantize4(float *x, long n, long block, const float *scales, const uint8_t *q) {
    for (long b = 0; b < n / block; b++) {
        values4(x + b * block, scales[b], q + b * block / 2, block);
    }
}

/* The sum of two messages, the second right behind the first's levels. */
void sum8(float *restrict x, long n, long block, const float *restrict scales, const int8_t *restrict q) {
    const int8_t *p = q + n + n / block * 4 + 16;
    const float *other = (const float *)(const void *)(q + n + 16);
    for (long b = 0; b < n / block; b++) {
        float left = scales[b], right = other[b];
        for (long i = b * block; i < (b + 1) * block; i++) {
            x[i] = q[i] * left + p[i] * right;
        }
    }
}

static void two4(float *restrict x, float left, float right, const uint8_t *restrict q, const uint8_t *restrict p,
                 long count) {
    for (long g = 0; g < count / 32; g++) {
        int a[16], b[16];
        for (int j = 0; j < 16; j++) {
            a[j] = (int8_t)q[16 * g + j];
            b[j] = (int8_t)p[16 * g + j];
        }
        for (int j = 0; j < 16; j++) {
            x[32 * g + j] = (a[j] << 28 >> 28) * left + (b[j] << 28 >> 28) * right;
            x[32 * g + 16 + j] = (a[j] >> 4) * left + (b[j] >> 4) * right;
        }
    }
}

void sum4(float *x, long n, long block, const float *scales, const uint8_t *q) {
    const uint8_t *p = q + n / 2 + n / block * 4 + 16;
    const float *other = (const float *)(const void *)(q + n / 2 + 16);
    for (long b = 0; b < n / block; b++) {
        two4(x + b * block, scales[b], other[b], q + b * block / 2, p + b * block / 2, block);
    }
}

static void philox(uint64_t key, uint64_t lane, uint64_t counter, uint64_t *restrict out) {
    for (int i = 0; i < 8; i++) {
        uint64_t c = counter + i;
        uint32_t c0 = (uint32_t)c, c1 = (uint32_t)(c >> 32), c2 = (uint32_t)lane, c3 = (uint32_t)(lane >> 32);
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        for (int r = 0; r < 10; r++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
            c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
            c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
            c1 = (uint32_t)p1;
            c3 = (uint32_t)p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        out[i] = c0 | (uint64_t)c1 << 32;
        out[8 + i] = c2 | (uint64_t)c3 << 32;
    }
}

/* Stochastic rounding to 4 bits. */
void draw4(const float *x, long n, long block, float *scales, uint8_t *q, uint64_t key) {
    int16_t noise[64];
    float dithered[64];
    for (long b = 0; b < n / block; b++) {
        const float *restrict in = x + b * block;
        float scale = scale_of(in, block, 7), inverse = 1 / scale;
        for (long g = 0; g < block / 64; g++) {
            philox(key, 0, (uint64_t)(b * block / 64 + g) * 8, (uint64_t *)(void *)noise);
            for (int i = 0; i < 64; i++) {
                float y = in[g * 64 + i] * inverse + (noise[i] * 0x1p-16f + 0x1p-17f);
                y = y < -7 ? -7 : y;
                dithered[i] = y > 7 ? 7 : y;
            }
            levels4(dithered, 1, q + (b * block + g * 64) / 2, 64);
        }
        scales[b] = scale;
    }
}

void sum_f32(float *restrict x, const float *restrict y, long n) {
    for (long i = 0; i < n; i++) {
        x[i] += y[i];
    }
}

void sum_bf16(uint16_t *restrict x, const uint16_t *restrict y, long n) {
    for (long i = 0; i < n; i++) {
        float sum = float_of(x[i] << 16) + float_of(y[i] << 16);
        unsigned b = (unsigned)bits_of(sum);
        unsigned rounded = (b + 0x7fff + (b >> 16 & 1)) >> 16;
        x[i] = (uint16_t)(sum != sum ? 0x7fc0 : rounded);
    }
}
