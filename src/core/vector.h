/* Vectors of four words or doubles, in the extension that gcc and clang share: the compiler maps
 * them to whatever registers a level has. For the few loops that it does not turn into vector code
 * by itself. */
#ifndef LF_VECTOR_H
#define LF_VECTOR_H

#ifdef __FMA__
#    include <immintrin.h>
#elif defined(__SSE2__)
#    include <emmintrin.h>
#endif

#include "core/kernel.h"

typedef uint64_t lf_word4 __attribute__((vector_size(32)));
typedef int64_t lf_int4 __attribute__((vector_size(32)));
typedef double lf_real4 __attribute__((vector_size(32)));
typedef uint32_t lf_half8 __attribute__((vector_size(32)));
typedef int32_t lf_short8 __attribute__((vector_size(32)));
typedef float lf_single8 __attribute__((vector_size(32)));
typedef float lf_single4 __attribute__((vector_size(16)));

/* Elements of a (from 0) and of b (from 4, or 8). */
#define LF_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

static inline lf_word4 lf_load_words(const uint64_t *from)
{
    lf_word4 x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline lf_real4 lf_load_reals(const double *from)
{
    lf_real4 x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline void lf_store_words(lf_word4 x, uint64_t *to)
{
    memcpy(to, &x, sizeof x);
}

static inline void lf_store_reals(lf_real4 x, double *to)
{
    memcpy(to, &x, sizeof x);
}

/* a b + c, in one rounding where the level has the instruction. */
static inline lf_real4 lf_fma_reals(lf_real4 a, lf_real4 b, lf_real4 c)
{
#ifdef __FMA__
    return (lf_real4)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
    lf_real4 sum;
    for (int l = 0; l < 4; l++)
        sum[l] = lf_fma(a[l], b[l], c[l]);
    return sum;
#endif
}

/* a b - p for p = a b as rounded: exact, where nothing underflows. */
static inline lf_real4 lf_product_rest(lf_real4 a, lf_real4 b, lf_real4 p)
{
#ifdef __FMA__
    return (lf_real4)_mm256_fmsub_pd((__m256d)a, (__m256d)b, (__m256d)p);
#elif LF_FMA
    lf_real4 rest;
    for (int l = 0; l < 4; l++)
        rest[l] = fma(a[l], b[l], -p[l]);
    return rest;
#else /* Dekker's halves */
    const lf_real4 split_a = a * 134217729.0, split_b = b * 134217729.0; /* 2^27 + 1 */
    const lf_real4 a_high = split_a - (split_a - a), a_low = a - a_high;
    const lf_real4 b_high = split_b - (split_b - b), b_low = b - b_high;
    return (((a_high * b_high - p) + a_high * b_low) + a_low * b_high) + a_low * b_low;
#endif
}

/* Past the caches, to a place that 16 divides: for arrays that they could not hold anyway, as a
 * store through them reads the line first. lf_store_fence() before other threads may look. */
static inline void lf_store_past(lf_real4 x, double *to)
{
#ifdef __SSE2__
    _mm_stream_pd(to, (__m128d)LF_SHUFFLE(x, x, 0, 1));
    _mm_stream_pd(to + 2, (__m128d)LF_SHUFFLE(x, x, 2, 3));
#else
    lf_store_reals(x, to);
#endif
}

static inline void lf_store_fence(void)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
}

/* Four floats from each of two places. */
static inline lf_single8 lf_join(const void *low, const void *high)
{
    lf_single4 a, b;
    memcpy(&a, low, sizeof a);
    memcpy(&b, high, sizeof b);
    return LF_SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}

/* The low halves of the words of a, the high ones of b. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#    error "lidfast's streams are written for little-endian machines"
#endif
#define LF_BLEND_LOW(a, b) LF_SHUFFLE(a, b, 0, 9, 2, 11, 4, 13, 6, 15)

/* (double)u, correctly rounded. Vector units before AVX-512 have no such conversion: the halves
 * are placed in the mantissas of 2^84 and 2^52, which are then taken off. */
static inline lf_real4 lf_from_words(lf_word4 u)
{
    const lf_real4 high = (lf_real4)((u >> 32) | 0x4530000000000000u) - 0x1.00000001p84;
    const lf_half8 exponent = (lf_half8)((lf_word4){0} + 0x4330000000000000u);
    return high + (lf_real4)LF_BLEND_LOW((lf_half8)u, exponent);
}

#endif
