/* One attempt in the LID model: a target of precision tau succeeds within delta of a prediction
 * that is off by B. With x = |B| sqrt(tau) / sigma and h = delta sqrt(tau) / sigma the probability
 * is s = Q(x - h) - Q(x + h), Q the upper tail of the normal law. In loops over these functions the
 * compiler finds vector code. */
#ifndef LF_ATTEMPT_H
#define LF_ATTEMPT_H

#include "core/vecmath.h"

#define LF_ROOT_2_OVER_PI 0x1.9884533d43651p-1
#define LF_HALF_LN_2PI 0x1.d67f1c864beb5p-1

/* Mills' ratio Q(t) / phi(t) of the normal law for t >= 0, to 6e-16: times 1 + t/2 a polynomial in
 * w = (t - 5) / (t + 5), through the Chebyshev points of 40-digit arithmetic. */
static inline double lf_mills(double t)
{
    const double w = (t - 5.0) / (t + 5.0), z = w * w, zz = z * z;
    /* the terms j, j + 4, ... of the polynomial for j = 0..3, in w^4 */
    double p0 = 0x1.b20531c222fadp-28;
    p0 = lf_fma(p0, zz, 0x1.12e76bab43c27p-22);
    p0 = lf_fma(p0, zz, -0x1.11825069702edp-18);
    p0 = lf_fma(p0, zz, -0x1.de89d4aed363bp-10);
    p0 = lf_fma(p0, zz, 0x1.b88c9848168b8p-6);
    p0 = lf_fma(p0, zz, 0x1.59831a8917989p-1);
    double p1 = 0x1.37ab565d33de4p-28;
    p1 = lf_fma(p1, zz, 0x1.a62943b448f59p-23);
    p1 = lf_fma(p1, zz, 0x1.47971f1966066p-17);
    p1 = lf_fma(p1, zz, 0x1.75694b2547fc0p-13);
    p1 = lf_fma(p1, zz, 0x1.70fb1c3e3db49p-10);
    p1 = lf_fma(p1, zz, -0x1.2d9c320fa98bdp-2);
    double p2 = -0x1.192176b3f2c44p-31;
    p2 = lf_fma(p2, zz, -0x1.89b2456dc520fp-25);
    p2 = lf_fma(p2, zz, -0x1.f545d73ce63f3p-21);
    p2 = lf_fma(p2, zz, 0x1.406b1d15ace3bp-13);
    p2 = lf_fma(p2, zz, -0x1.fb8787a853df3p-8);
    p2 = lf_fma(p2, zz, 0x1.7992834805291p-3);
    double p3 = -0x1.b83c4a8c13facp-32;
    p3 = lf_fma(p3, zz, -0x1.0c99bbedbc70ep-25);
    p3 = lf_fma(p3, zz, -0x1.65f4d340c03adp-20);
    p3 = lf_fma(p3, zz, -0x1.14bff7be8adc9p-14);
    p3 = lf_fma(p3, zz, 0x1.544ea738ab8f1p-8);
    p3 = lf_fma(p3, zz, -0x1.6be027893bb7dp-4);
    return lf_fma(lf_fma(p3, w, p2), z, lf_fma(p1, w, p0)) / lf_fma(0.5, t, 1.0);
}

/* s and ln(1 - s) where lf_is_near(x, h): there a difference of tails would cancel, and
 *     s = 2 phi(x) sum_n h^(2n+1) He_2n(x) / (2n+1)!
 * is cut off where the next term is below 2e-17. */
static inline int lf_is_near(double x, double h)
{
    return h * LF_MAX(x, 1.0) <= 0.2;
}

static inline double lf_near(double x, double h, double *log_fail)
{
    const double step = x * h, square = h * h;
    double before = 1, now = step; /* h^n He_n(x), n = 0, 1 */
    double sum = 1, factor = 1;
    for (int n = 1; n < 13; n += 2) {
        const double even = lf_fma(step, now, -n * square * before);
        const double odd = lf_fma(step, even, -(n + 1) * square * now);
        factor /= (n + 1) * (n + 2);
        sum = lf_fma(even, factor, sum);
        before = even, now = odd;
    }
    const double s = LF_ROOT_2_OVER_PI * h * lf_exp(-0.5 * x * x) * sum;
    *log_fail = lf_log1p(-s);
    return s;
}

/* The same elsewhere, from tails. For x >= h s is a difference that loses a bit at most; for x < h
 * the two tails outside add up to 1 - s. */
static inline double lf_far(double x, double h, double *log_fail)
{
    const double t = fabs(x - h), square = t * t;
    const double height = lf_exp(-0.5 * square - LF_HALF_LN_2PI); /* phi(t) */
    const double inner = lf_mills(t), outer = lf_exp(-2.0 * x * h) * lf_mills(x + h);
    const int outside = x >= h;
    const double tails = outside ? inner - outer : inner + outer, mass = height * tails;
    /* ln of 1 - mass, or of the tails: they may be below the smallest double */
    const double u = outside ? 1.0 - mass : tails, lost = outside ? -mass - (u - 1.0) : 0.0;
    const double log_u = lf_log_of_sum(u, lost);
    *log_fail = outside ? log_u : log_u - 0.5 * square - LF_HALF_LN_2PI;
    return outside ? mass : 1.0 - mass;
}

#endif
