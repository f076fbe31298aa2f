/* Vectors of numbers of one precision: LF_REAL is float or double. */
#ifndef LF_RIDGE_REAL_H
#define LF_RIDGE_REAL_H

#ifdef __AVX__
#    include <immintrin.h>
#endif

#include "core/kernel.h"

typedef LF_REAL real;

#define LF_WIDTH ((int)(32 / sizeof(LF_REAL)))
typedef real lf_vec __attribute__((vector_size(32)));

/* What comparisons give: all bits set where something holds. */
#define LF_IS_double 1
#if LF_PASTE(LF_IS, LF_REAL)
typedef int64_t lf_mask __attribute__((vector_size(32)));
#else
typedef int32_t lf_mask __attribute__((vector_size(32)));
#endif

#define LF_EPSILON (sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON)
#define LF_INLINE static inline __attribute__((always_inline))

LF_INLINE lf_vec lf_load(const real *from)
{
    lf_vec x;
    memcpy(&x, from, sizeof x);
    return x;
}

LF_INLINE void lf_store(lf_vec x, real *to)
{
    memcpy(to, &x, sizeof x);
}

LF_INLINE lf_vec lf_all(real x)
{
    return x - (lf_vec){0};
}

/* a b + c, in one rounding where the level has the instruction. */
LF_INLINE lf_vec lf_fma_vec(lf_vec a, lf_vec b, lf_vec c)
{
#ifdef __FMA__
    return sizeof(real) == sizeof(double)
               ? (lf_vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c)
               : (lf_vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    lf_vec sum;
    for (int l = 0; l < LF_WIDTH; l++)
        sum[l] = sizeof(real) == sizeof(double) ? (real)fma(a[l], b[l], c[l])
                                                : (real)fmaf((float)a[l], (float)b[l], (float)c[l]);
    return sum;
#else
    return a * b + c;
#endif
}

/* c - a b */
LF_INLINE lf_vec lf_fnma_vec(lf_vec a, lf_vec b, lf_vec c)
{
    return lf_fma_vec(-a, b, c);
}

LF_INLINE lf_vec lf_sqrt_vec(lf_vec x)
{
#ifdef __AVX__
    return sizeof(real) == sizeof(double) ? (lf_vec)_mm256_sqrt_pd((__m256d)x)
                                          : (lf_vec)_mm256_sqrt_ps((__m256)x);
#else
    for (int l = 0; l < LF_WIDTH; l++)
        x[l] = (real)sqrt(x[l]);
    return x;
#endif
}

#if LF_PASTE(LF_IS, LF_REAL)
#    define LF_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#    define LF_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#    define LF_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#    define LF_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#endif

/* x[i][j] = x[j][i]: each round moves one bit of the place from the number of the vector to that
 * within it. */
LF_INLINE void lf_transpose(lf_vec x[LF_WIDTH])
{
#pragma GCC unroll 4
    for (int round = 1; round < LF_WIDTH; round *= 2) {
        lf_vec zipped[LF_WIDTH];
#pragma GCC unroll 8
        for (int i = 0; i < LF_WIDTH / 2; i++) {
            zipped[2 * i] = LF_ZIP_LOW(x[i], x[i + LF_WIDTH / 2]);
            zipped[2 * i + 1] = LF_ZIP_HIGH(x[i], x[i + LF_WIDTH / 2]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < LF_WIDTH; i++)
            x[i] = zipped[i];
    }
}

#endif
