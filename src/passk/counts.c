/* pass@k from counts, in double-double arithmetic: an unevaluated sum high + low holds about 106
 * bits, so that the failure rate and what is left of 1 each keep their relative accuracy. */
#include "passk/counts.h"

#define TILE 64           /* results between two looks at the status */
#define STRETCH (1 << 16) /* factors between two looks */

/* Failure rates are multiplied up times 2^900 and given up below 2^-1080, which rounds to 0: no
 * step meets a subnormal number. */
#define SCALE 0x1p900
#define NOTHING 0x1p-180

typedef struct {
    double high, low;
} lf_pair;

/* a b = high + low, exactly (Dekker's splitting where the level has no fused multiply-add). */
static inline lf_pair exact_product(double a, double b)
{
    const double high = a * b;
#if LF_FMA
    return (lf_pair){high, fma(a, b, -high)};
#else
    const double split_a = a * 134217729.0, split_b = b * 134217729.0; /* 2^27 + 1 */
    const double a_high = split_a - (split_a - a), a_low = a - a_high;
    const double b_high = split_b - (split_b - b), b_low = b - b_high;
    const double rest = ((a_high * b_high - high) + a_high * b_low) + a_low * b_high;
    return (lf_pair){high, rest + a_low * b_low};
#endif
}

/* p (a / b): the quotient is q and what the exact remainder adds. */
static inline lf_pair times_ratio(lf_pair p, double a, double b)
{
    const double q = a / b;
    const lf_pair back = exact_product(q, b);
    const double q_low = ((a - back.high) - back.low) / b;
    const lf_pair product = exact_product(p.high, q);
    const double low = product.low + (p.high * q_low + p.low * q);
    const double high = product.high + low;
    return (lf_pair){high, low - (high - product.high)};
}

/* SCALE C(n-c, k) / C(n, k): the product over i < min(c, k) of 1 - max(c, k) / (n - i). The ratio
 * is symmetric in c and k. Up to 2^53 all its integers are exact. */
static lf_pair failure_rate(int64_t n, int64_t c, int64_t k, lf_status *status)
{
    const int64_t terms = LF_MIN(c, k), rest = n - LF_MAX(c, k);
    lf_pair p = {SCALE, 0};
    if (rest < terms)
        return (lf_pair){0, 0};
    for (int64_t i = 0; i < terms; i++) {
        p = times_ratio(p, (double)(rest - i), (double)(n - i));
        if (p.high < NOTHING)
            return (lf_pair){0, 0};
        if (i % STRETCH == STRETCH - 1 && lf_poll(status))
            break;
    }
    return p;
}

/* fail[i, j] = C(n[i] - c[i], k[j]) / C(n[i], k[j]), pass[i, j] = 1 - fail[i, j], each to a few
 * units in the last place.
 * IN   n, c (m,) and k (nk,): 0 <= c[i], k[j] <= n[i] <= 2^53
 * OUT  fail, pass (m, nk); NULL where not wanted */
lf_status LF_NAME(count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                               const int64_t *k, double *fail, double *pass)
{
    const int64_t results = m * nk, tiles = (results + TILE - 1) / TILE;
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(tiles))
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t end = LF_MIN(results, (tile + 1) * TILE);
        for (int64_t r = tile * TILE; r < end && !lf_poll(&status); r++) {
            const lf_pair p = failure_rate(n[r / nk], c[r / nk], k[r % nk], &status);
            const double high = p.high / SCALE, low = p.low / SCALE;
            if (fail)
                fail[r] = high;
            if (pass)
                pass[r] = (1 - high) - low;
        }
    }
    return status;
}
