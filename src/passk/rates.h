/* Failure rates of counts in double-double arithmetic, four at a time: an unevaluated sum high +
 * low holds about 106 bits, so that the failure rate and what is left of 1 each keep their relative
 * accuracy. */
#ifndef LF_RATES_H
#define LF_RATES_H

#include "core/vector.h"

/* Failure rates are multiplied up times 2^900 and given up below 2^-1080, which rounds to 0: no
 * step meets a subnormal number. */
#define LF_SCALE 0x1p900
#define LF_UNSCALE 0x1p-900
#define LF_NOTHING 0x1p-180

typedef struct {
    lf_real4 high, low;
} lf_pair4;

/* p (q + q_low) */
static inline lf_pair4 lf_times(lf_pair4 p, lf_real4 q, lf_real4 q_low)
{
    const lf_real4 high = p.high * q;
    const lf_real4 rest = lf_product_rest(p.high, q, high);
    return (lf_pair4){high, lf_fma_reals(p.low, q, lf_fma_reals(p.high, q_low, rest))};
}

/* q + q_low = a / b */
static inline void lf_ratio(lf_real4 a, lf_real4 b, lf_real4 *q, lf_real4 *q_low)
{
    const lf_real4 inverse = 1.0 / b;
    *q = a * inverse;
    const lf_real4 back = *q * b;
    *q_low = ((a - back) - lf_product_rest(*q, b, back)) * inverse;
}

static inline lf_pair4 lf_give_up(lf_pair4 p)
{
    const lf_int4 kept = p.high >= LF_NOTHING;
    return (lf_pair4){(lf_real4)((lf_int4)p.high & kept), (lf_real4)((lf_int4)p.low & kept)};
}

/* The failure rate, without its scale, and pass@k: what is left of 1. */
static inline void lf_both_rates(lf_pair4 p, lf_real4 *fail, lf_real4 *pass)
{
    const lf_real4 high = p.high * LF_UNSCALE, low = p.low * LF_UNSCALE;
    *fail = high + low;
    *pass = (1.0 - high) - low;
}

/* LF_SCALE C(n-c, k) / C(n, k) in each lane: the product over i < min(c, k) of
 * 1 - max(c, k) / (n - i). The ratio is symmetric in c and k. Up to 2^53 all integers are exact. */
static inline lf_pair4 lf_failure_rates(const int64_t n[4], const int64_t c[4], const int64_t k[4],
                                        lf_status *status)
{
    lf_real4 rest, whole, terms;
    int64_t most = 0;
    for (int l = 0; l < 4; l++) {
        const int64_t few = LF_MIN(c[l], k[l]), many = LF_MAX(c[l], k[l]);
        const int certain = n[l] - many < few; /* to succeed: one factor, which is 0 */
        rest[l] = certain ? 0.0 : (double)(n[l] - many);
        whole[l] = (double)LF_MAX(n[l], 1);
        terms[l] = certain ? 1.0 : (double)few;
        most = LF_MAX(most, certain ? 1 : few);
    }
    lf_pair4 p = {(lf_real4){0} + LF_SCALE, {0}};
    for (int64_t i = 0; i < most; i++) {
        const lf_int4 going = terms > (double)i;
        const lf_real4 one = (lf_real4){0} + 1.0;
        lf_real4 q, q_low;
        lf_ratio(rest, whole, &q, &q_low);
        /* where a lane is done, by 1 */
        q = (lf_real4)(((lf_int4)q & going) | ((lf_int4)one & ~going));
        q_low = (lf_real4)((lf_int4)q_low & going);
        p = lf_give_up(lf_times(p, q, q_low));
        rest -= 1.0;
        whole -= (lf_real4)((lf_int4)one & going);
        if (i % 64 == 63) {
            int alive = 0;
            for (int l = 0; l < 4; l++)
                alive |= p.high[l] > 0 && terms[l] > (double)i;
            if (!alive || (i % (1 << 16) == (1 << 16) - 1 && lf_poll(status)))
                break;
        }
    }
    return p;
}

#endif
