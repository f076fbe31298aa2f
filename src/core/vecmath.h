/* Elementary functions without branches or calls, so that loops over them become vector code with
 * the same bits in every lane, whatever the C library. Errors are bounded by tests against mpmath:
 * below 2 units in the last place, over the whole range of the argument, at infinities and NaN as
 * in the C library but for the sign of a zero. */
#ifndef LF_VECMATH_H
#define LF_VECMATH_H

#include "core/kernel.h"

static inline uint64_t lf_bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline double lf_double(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* (double)u, correctly rounded. Vector units before AVX-512 have no such conversion: the halves
 * are placed in the mantissas of 2^84 and 2^52, which are then taken off. */
static inline double lf_from_u64(uint64_t u)
{
    const double high = lf_double((u >> 32) | 0x4530000000000000u) - 0x1.00000001p84;
    return high + lf_double((u & 0xffffffffu) | 0x4330000000000000u);
}

/* 2^n for an integer n in [-1022, 1023]: n + 1023 stands in the low bits of n + 2^52 + 1023. */
static inline double lf_pow2(double n)
{
    return lf_double(lf_bits(n + (0x1p52 + 1023)) << 52);
}

#define LF_ROUND_MAGIC 0x1.8p52        /* x + it - it rounds |x| < 2^51 to an integer */
#define LF_LN2_HIGH 0x1.62e42fefa38p-1 /* ends in 11 zero bits: n * it is exact */
#define LF_LN2_LOW 0x1.ef35793c7673p-45

/* x = n ln 2 + r with |r| <= ln(2)/2: n, and e^r - 1 by a polynomial through the Chebyshev points
 * (1e-18 of it). */
static inline double lf_exp_parts(double x, double *n)
{
    *n = (x * 0x1.71547652b82fep0 + LF_ROUND_MAGIC) - LF_ROUND_MAGIC;
    const double r = lf_fma(-*n, LF_LN2_LOW, lf_fma(-*n, LF_LN2_HIGH, x));
    const double z = r * r, even = z * z;
    /* even and odd terms in pairs: half the chain */
    double p = lf_fma(r, 0x1.af4e196027428p-26, 0x1.27e4db57442fbp-22);
    p = lf_fma(z, 0x1.1f731ea5352cap-29, p);
    p = lf_fma(p, z, lf_fma(r, 0x1.71de021a90822p-19, 0x1.a01a01a6dcaffp-16));
    double q = lf_fma(r, 0x1.a01a01abef415p-13, 0x1.6c16c16c162ccp-10);
    q = lf_fma(q, z, lf_fma(r, 0x1.11111111100cep-7, 0x1.5555555555556p-5));
    p = lf_fma(p, even, q);
    p = lf_fma(p, z, lf_fma(r, 0x1.5555555555557p-3, 0.5));
    return lf_fma(p, z, r);
}

/* 2^n in two factors, so that neither overflows and subnormal results are rounded once. */
static inline double lf_exp(double x)
{
    x = x > 710.0 ? 710.0 : x; /* NaN stays */
    x = x < -750.0 ? -750.0 : x;
    double n;
    const double p = lf_exp_parts(x, &n);
    const double half = (n * 0.5 + LF_ROUND_MAGIC) - LF_ROUND_MAGIC;
    return ((1.0 + p) * lf_pow2(half)) * lf_pow2(n - half);
}

/* e^x - 1 = 2 (p h + (h - 1/2)), h = 2^(n-1): nothing is lost for n = 0, little elsewhere. */
static inline double lf_expm1(double x)
{
    x = x > 710.0 ? 710.0 : x;
    x = x < -60.0 ? -60.0 : x; /* where it is -1 already */
    double n;
    const double p = lf_exp_parts(x, &n), h = lf_pow2(n - 1.0);
    return n == 0 ? p : 2.0 * (p * h + (h - 0.5)); /* p, as half a subnormal may be none */
}

/* x = 2^e m with m in [sqrt(1/2), sqrt(2)), for normal x > 0. Returns m. */
static inline double lf_log_parts(double x, double *e)
{
    /* the bits above those of sqrt(1/2) count whole octaves */
    const uint64_t shifted = lf_bits(x) - 0x3fe6a09e667f3bcdu + (1023ull << 52);
    *e = lf_double((shifted >> 52) | 0x4330000000000000u) - (0x1p52 + 1023);
    return lf_double((shifted & 0xfffffffffffffull) + 0x3fe6a09e667f3bcdu);
}

/* e ln 2 + ln(1 + f) for sqrt(1/2) <= 1 + f < sqrt(2), given s = f / (2 + f): ln(1 + f) = 2 atanh
 * s, the series' rest in s^2 < 0.0295 by a polynomial through the Chebyshev points (5e-18 of the
 * result). */
static inline double lf_log_sum(double e, double f, double s)
{
    const double z = s * s, even = z * z;
    double p = lf_fma(z, 0x1.2b5900c6324d1p-3, 0x1.39fe51a9b561ep-3);
    p = lf_fma(p, even, lf_fma(z, 0x1.7462b51ca7614p-3, 0x1.c71c62e3f1533p-3));
    p = lf_fma(p, z, 0x1.2492492df2817p-2);
    p = lf_fma(p, even, lf_fma(z, 0x1.99999999952d7p-2, 0x1.5555555555558p-1));
    /* 2s = f - s f, and s f = f^2/2 - s f^2/2: so ln m = f - (f^2/2 - s (f^2/2 + z p)), in which
     * only the small bracket is rounded. */
    const double h = 0.5 * f * f;
    return lf_fma(e, LF_LN2_HIGH, f - (h - lf_fma(s, h + z * p, e * LF_LN2_LOW)));
}

/* ln x for normal x > 0 */
static inline double lf_log_normal(double x)
{
    double e;
    const double f = lf_log_parts(x, &e) - 1.0;
    return lf_log_sum(e, f, f / (2.0 + f));
}

static inline double lf_log(double x)
{
    const int tiny = x < DBL_MIN;
    double e;
    const double f = lf_log_parts(tiny ? x * 0x1p54 : x, &e) - 1.0;
    double y = lf_log_sum(tiny ? e - 54 : e, f, f / (2.0 + f));
    y = x < INFINITY ? y : x; /* infinity and NaN */
    y = x == 0.0 ? -INFINITY : y;
    return x < 0.0 ? NAN : y;
}

/* ln(x + y) for normal x > 0, where y is what x lost in rounding: of x = 2^e m it is 2^-e times as
 * much of m. */
static inline double lf_log_of_sum(double x, double y)
{
    double e;
    const double m = lf_log_parts(x, &e);
    /* nothing can have been lost of 2^1000 */
    const double f = (m - 1.0) + y * lf_pow2(e < 1000 ? -e : 0.0);
    return lf_log_sum(e, f, f / (2.0 + f));
}

static inline double lf_log1p(double x)
{
    const double u = 1.0 + x;
    double y = lf_log_of_sum(u, x - (u - 1.0));
    y = u < INFINITY ? y : u;
    y = u == 0.0 ? -INFINITY : y;
    return u < 0.0 ? NAN : y;
}

/* x^(-1/2) for normal x > 0, to 4e-11, by Newton from a guess in the exponent: a fifth of what a
 * root and a division cost. */
static inline double lf_rough_rsqrt(double x)
{
    double y = lf_double(0x5fe6eb50c7b537a9u - (lf_bits(x) >> 1));
    const double half = 0.5 * x;
    for (int i = 0; i < 3; i++)
        y *= lf_fma(-(half * y), y, 1.5);
    return y;
}

/* sin and cos of 2 pi u for u in [0, 1]: the nearest quarter turn is taken off exactly. */
static inline void lf_sincos_turn(double u, double *sine, double *cosine)
{
    const double t = 4.0 * u;
    const double quarter = (t + LF_ROUND_MAGIC) - LF_ROUND_MAGIC;
    const double x = (t - quarter) * 0x1.921fb54442d18p0, z = x * x;
    double s = 1.0 / 355687428096000.0;
    s = lf_fma(s, z, -1.0 / 1307674368000.0);
    s = lf_fma(s, z, 1.0 / 6227020800.0);
    s = lf_fma(s, z, -1.0 / 39916800.0);
    s = lf_fma(s, z, 1.0 / 362880.0);
    s = lf_fma(s, z, -1.0 / 5040.0);
    s = lf_fma(s, z, 1.0 / 120.0);
    s = lf_fma(s, z, -1.0 / 6.0);
    s = lf_fma(s, z * x, x);
    double c = 1.0 / 20922789888000.0;
    c = lf_fma(c, z, -1.0 / 87178291200.0);
    c = lf_fma(c, z, 1.0 / 479001600.0);
    c = lf_fma(c, z, -1.0 / 3628800.0);
    c = lf_fma(c, z, 1.0 / 40320.0);
    c = lf_fma(c, z, -1.0 / 720.0);
    c = lf_fma(c, z, 1.0 / 24.0);
    c = lf_fma(c, z, -0.5);
    c = lf_fma(c, z, 1.0);
    const int odd = quarter == 1.0 || quarter == 3.0;
    const double a = odd ? c : s, b = odd ? s : c;
    *sine = quarter == 2.0 || quarter == 3.0 ? -a : a;
    *cosine = quarter == 1.0 || quarter == 2.0 ? -b : b;
}

#endif
