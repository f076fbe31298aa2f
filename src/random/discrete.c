/* The integer laws by rejection and by inversion: binomial, poisson, zipf. A try is a loop without
 * branches over the chunk that settles most variates by bounds; the others are tested exactly, from
 * a list. */
#include "random/laws.h"

/* ln k! = x ln x - x + ln(2 pi)/2 + this, x = k + 1/2 = 1/w, for integers k: unlike Stirling's own
 * form it holds at k = 0. The series in 1/x, and what that lacks for small k, looked up in a loop
 * of its own: loops with it do not become vector code. */
static inline double half_stirling(double w, double lacks)
{
    const double z = w * w;
    double p = 511.0 / 608256;
    p = lf_fma(p, z, -127.0 / 215040);
    p = lf_fma(p, z, 31.0 / 40320);
    p = lf_fma(p, z, -7.0 / 2880);
    p = lf_fma(p, z, 1.0 / 24);
    return lacks - p * w;
}

static inline void half_stirling_lacks(int64_t count, const double *restrict k,
                                       double *restrict lacks)
{
    static const double lacking[16] = {
        0.37066656260680544,    9.9528157832549897e-6,
        5.4406777641570821e-8,  1.5831229190135014e-9,
        1.0808923500992886e-10, 1.2430959306320903e-11,
        2.0334379126346563e-12, 4.288120504660531e-13,
        1.0954179265147778e-13, 3.2506571351836907e-14,
        1.0879481261312645e-14, 4.0188834816413789e-15,
        1.6121034845082556e-15, 6.9344738756340561e-16,
        3.1671423617835446e-16, 0.0,
    };

    for (int64_t i = 0; i < count; i++)
        lacks[i] = k[i] < 15 ? k[i] : 15;
    for (int64_t i = 0; i < count; i++)
        lacks[i] = lacking[(int)lacks[i]];
}

/* The deviance D(x, y) = x ln(x/y) + y - x without cancellation near x = y (Loader, Fast and
 * accurate computation of binomial probabilities, 2000), in two steps, so that a caller may share
 * divisions: with y' = 2^e y near x, here, D(x, y) = D(x, y') + x e ln 2 + y - y', ... */
static inline double near(double x, double y, double *rest)
{
    /* the exponent of x/y, rounded: 2/3 <= x/y' <= 3/2 */
    const uint64_t power = (lf_bits(x) - lf_bits(y) + (0x3ff8ull << 48)) >> 52;
    const double e = lf_double(power | 0x4330000000000000u) - (0x1p52 + 1023);
    const double scaled = y * lf_double(power << 52);
    *rest = lf_fma(x * e, 0x1.62e42fefa39efp-1, y - scaled);
    return scaled;
}

/* ... and D(x, y') = d s + 2 x (s^3 / 3 + s^5 / 5 + ...), d = x - y', s = d / (x + y'). */
static inline double near_deviance(double x, double d, double s)
{
    const double z = s * s;
    double p = 1.0 / 25;
    p = lf_fma(p, z, 1.0 / 23);
    p = lf_fma(p, z, 1.0 / 21);
    p = lf_fma(p, z, 1.0 / 19);
    p = lf_fma(p, z, 1.0 / 17);
    p = lf_fma(p, z, 1.0 / 15);
    p = lf_fma(p, z, 1.0 / 13);
    p = lf_fma(p, z, 1.0 / 11);
    p = lf_fma(p, z, 1.0 / 9);
    p = lf_fma(p, z, 1.0 / 7);
    p = lf_fma(p, z, 1.0 / 5);
    p = lf_fma(p, z, 1.0 / 3);
    return lf_fma(2 * x * s, z * p, d * s);
}

/* Transformed rejection with squeeze, BTRS of Hoermann, J. Stat. Comput. Simul. 46 (1993) 101: a
 * binomial of this mean and standard deviation, p <= 1/2, and with p = 0 a Poisson variate, for
 * which the same hat is a little better than that of his PTRS (which Poisson probabilities exceed
 * by 0.5 % here and there). His test divides by the probability of the mode; here it is the bound
 *     e^(S + 1/(24 N p q)) / sqrt(2 pi N p q),   N = n + 1,
 * at most 3 % higher, which takes no logarithm and shares S, Stirling's rest of ln N!, with the
 * probabilities. Returns k, which is accepted if `quick` or if height <= hat times its
 * probability over the bound. */
static inline double transformed(uint64_t word, uint64_t height_word, double mean, double spread,
                                 double p, double *height, double *hat, int64_t *quick)
{
    const double width = 1.15 + 2.53 * spread, tail = -0.0873 + 0.0248 * width + 0.01 * p;
    const double v = lf_unit_open_below(height_word);
    /* the place under the hat, [0, 1], as its distance from the nearer end and from 1/2 */
    const uint64_t upper = (uint64_t)0 - (word >> 63);
    const double distance = lf_unit_open_below(word ^ upper), square = distance * distance;
    const double below = distance - 0.5, u = upper ? -below : below;
    /* v (2.83 + 5.1 / width) spread <= (tail / distance^2 + width) ratio, without its quotients */
    *height = v * (2.83 * width + 5.1) * spread * square;
    *hat = (tail + width * square) * width;
    *quick = (distance >= 0.07) & (v * width <= 0.92 * width - 4.2);
    return floor((2 * tail / distance + width) * u + (mean + 0.5));
}

/* Whether height <= hat e^-t for all t up to `most` (1), for no t from `least` on (-1), or neither
 * (0): by partial sums of e^-t, of an odd degree below it, and of e^t, all below it. */
static inline int64_t settle(double height, double hat, double least, double most)
{
    double p = lf_fma(most, -1.0 / 120, 1.0 / 24);
    p = lf_fma(p, most, -1.0 / 6);
    p = lf_fma(p, most, 0.5);
    p = lf_fma(p, most, -1.0);
    p = lf_fma(p, most, 1.0);
    const double t = least > 0 ? least : 0.0;
    double q = lf_fma(t, 1.0 / 24, 1.0 / 6);
    q = lf_fma(q, t, 0.5);
    q = lf_fma(q, t, 1.0);
    q = lf_fma(q, t, 1.0);
    return (int64_t)(height <= hat * p) - (int64_t)(height * q > hat);
}

/* Inversion, for means below 10: value (count,) is the number of terms of the probabilities that
 * lie wholly below the uniform. Term k + 1 is term k times (scale - k step) / (k + 1). It ends
 * where terms are below 2^-64, before rounding could carry it on. count a multiple of LF_LANES:
 * each eight end by themselves, and stay in registers. */
static void invert(int64_t count, const double *restrict uniform, const double *restrict first,
                   const double *restrict scale, const double *restrict step,
                   double *restrict value)
{
    for (int64_t i = 0; i < count; i += LF_LANES) {
        lf_real4 rest[LF_HALVES], term[LF_HALVES], top[LF_HALVES], down[LF_HALVES], k[LF_HALVES];
        for (int h = 0; h < LF_HALVES; h++) {
            rest[h] = lf_load_reals(uniform + i + 4 * h);
            term[h] = lf_load_reals(first + i + 4 * h);
            top[h] = lf_load_reals(scale + i + 4 * h);
            down[h] = lf_load_reals(step + i + 4 * h);
            k[h] = (lf_real4){0};
        }
        double terms = 0;
        lf_int4 more;
        do {
            for (int ahead = 0; ahead < 4; ahead++) { /* the end is looked for now and then */
                const double inverse = 1 / (terms + 1);
                more = (lf_int4){0};
                for (int h = 0; h < LF_HALVES; h++) {
                    rest[h] -= term[h];
                    term[h] *= (top[h] - terms * down[h]) * inverse;
                    const lf_int4 on = (rest[h] > 0) & (term[h] > 0x1p-64);
                    k[h] += (lf_real4)(on & (lf_int4)((lf_real4){0} + 1.0));
                    more |= on;
                }
                terms++;
            }
        } while (more[0] | more[1] | more[2] | more[3]);
        memcpy(value + i, k, sizeof k);
    }
}

/* ---------------------------------------------------------------- binomial */

#define SMALL_MEAN 10 /* below it, inversion */

/* With x = k + 1/2, x' = n - k + 1/2 the probability of k is
 * e^(S - D(x, N p) - D(x', N q) - R(k) - R(n-k)) / sqrt(2 pi N p q), D the deviance and R
 * half_stirling. */
static void try_binomial(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK],
                         const double *restrict a, const double *restrict b, double *restrict value,
                         int64_t *restrict accepted)
{
    (void)draw;
    double height[LF_CHUNK], hat[LF_CHUNK];
    int64_t settled[LF_CHUNK];
    for (int64_t i = 0; i < count; i++) {
        const double n = a[i], p = b[i], mean = n * p;
        int64_t quick;
        const double k = transformed(words[0][i], words[1][i], mean, sqrt(mean * (1 - p)), p,
                                     &height[i], &hat[i], &quick);
        const int64_t large = mean >= SMALL_MEAN, inside = (k >= 0) & (k <= n);
        /* bounds of the logarithm, below: (x - y)^2 / (2 max(x, y)) <= D(x, y) <= (x - y)^2 / (2
         * min(x, y)) and 0 <= -R(k) <= 1 / (24 x) */
        const double x = k + 0.5, y = (n + 1) * p, x2 = (n - k) + 0.5, y2 = (n + 1) * (1 - p);
        const double d = (k - mean) - (lf_fma(n, p, -mean) + (p - 0.5)), square = d * d;
        const double xy = x * y, xy2 = x2 * y2, inverse = 1 / (2 * xy * xy2);
        const double low = x < y ? x : y, high = x < y ? y : x;
        const double low2 = x2 < y2 ? x2 : y2, high2 = x2 < y2 ? y2 : x2;
        const double least =
            inverse * (square * (low * xy2 + low2 * xy) + (1.0 / 12) * (d * (xy2 - xy)));
        const double most =
            inverse * (square * (high * xy2 + high2 * xy) + (1.0 / 12) * (x * xy2 + x2 * xy));
        const int64_t sure = settle(height[i], hat[i], least, most);
        const int64_t accept = quick | (sure > 0);
        value[i] = k;
        accepted[i] = (large ^ 1) | (inside & accept);
        settled[i] = (large & inside & (accept ^ 1) & (sure == 0)) ^ 1;
    }
    lf_list list;
    lf_list_zeros(&list, count, settled);
    if (!list.count)
        return;
    const int64_t listed = lf_padded(list.count);
    double k[LF_CHUNK], failures[LF_CHUNK], n[LF_CHUNK], p[LF_CHUNK], limit[LF_CHUNK],
        scale[LF_CHUNK], lacks[LF_CHUNK], failures_lack[LF_CHUNK];
    lf_pick(&list, value, k);
    lf_pick(&list, a, n);
    lf_pick(&list, b, p);
    lf_pick(&list, height, limit);
    lf_pick(&list, hat, scale);
    for (int64_t i = 0; i < listed; i++)
        failures[i] = n[i] - k[i];
    half_stirling_lacks(listed, k, lacks);
    half_stirling_lacks(listed, failures, failures_lack);
    for (int64_t i = 0; i < listed; i++) {
        const double mean = n[i] * p[i], q = 1 - p[i];
        const double x = k[i] + 0.5, y = (n[i] + 1) * p[i];
        const double x2 = failures[i] + 0.5, y2 = (n[i] + 1) * q;
        /* x - y: the product n p without its rounding */
        const double d = (k[i] - mean) - (lf_fma(n[i], p[i], -mean) + (p[i] - 0.5));
        double rest, rest2;
        const double yn = near(x, y, &rest), yn2 = near(x2, y2, &rest2);
        const double dn = d + (y - yn), dn2 = (y2 - yn2) - d;
        /* of products, so that divisions are few */
        const double sum = x + yn, sum2 = x2 + yn2, inverse = 1 / (sum * sum2);
        const double deviance = near_deviance(x, dn, dn * sum2 * inverse) +
                                near_deviance(x2, dn2, dn2 * sum * inverse) + (rest + rest2);
        const double both = x * x2, npq = 24 * y * q, inverse3 = 1 / (both * npq);
        const double w = x2 * npq * inverse3, w2 = x * npq * inverse3;
        const double log_ratio = -deviance - half_stirling(w, lacks[i]) -
                                 half_stirling(w2, failures_lack[i]) - both * inverse3;
        limit[i] -= scale[i] * lf_exp(log_ratio);
    }
    for (int64_t i = 0; i < list.count; i++)
        accepted[list.place[i]] = limit[i] <= 0;
}

/* Of the listed variates, with their uniforms; `fixed`: of one parameter pair. */
static void small_binomials(int fixed, const lf_list *list, const uint64_t *words, const double *a,
                            const double *b, double *restrict value)
{
    double n[LF_CHUNK], p[LF_CHUNK], uniform[LF_CHUNK], term[LF_CHUNK], scale[LF_CHUNK],
        odds[LF_CHUNK], k[LF_CHUNK];
    const int64_t count = lf_padded(list->count);
    lf_pick(list, a, n);
    lf_pick(list, b, p);
    for (int64_t i = 0; i < count; i++)
        uniform[i] = lf_unit_open_below(words[list->place[i]]);
    const int64_t different = fixed ? LF_LANES : count;
    for (int64_t i = 0; i < different; i++) {
        term[i] = lf_exp(n[i] * lf_log1p(-p[i]));
        odds[i] = p[i] / (1 - p[i]);
        scale[i] = n[i] * odds[i];
    }
    for (int64_t i = different; i < count; i++)
        term[i] = term[0], odds[i] = odds[0], scale[i] = scale[0];
    invert(count, uniform, term, scale, odds, k);
    for (int64_t i = 0; i < list->count; i++)
        value[list->place[i]] = k[i];
}

void LF_NAME(law_binomial)(lf_block *block, lf_variate *restrict out)
{
    const int fixed = !block->draw->a.step && !block->draw->b.step;
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double n_room[LF_CHUNK], p[LF_CHUNK], given_room[LF_CHUNK], k[LF_CHUNK];
        int64_t large[LF_CHUNK];
        lf_words(block, 2, padded, words);
        const double *restrict n = lf_values(block, block->draw->a, first, count, n_room);
        const double *restrict given = lf_values(block, block->draw->b, first, count, given_room);
        for (int64_t i = 0; i < padded; i++) {
            p[i] = given[i] > 0.5 ? 1 - given[i] : given[i];
            large[i] = n[i] * p[i] >= SMALL_MEAN;
        }
        lf_list list;
        lf_list_zeros(&list, count, large);
        if (list.count < count)
            lf_reject(block, try_binomial, 0, first, count, words, n, p, k);
        if (list.count)
            small_binomials(fixed, &list, words[0], n, p, k);
        for (int64_t i = 0; i < padded; i++) {
            const double failures = n[i] - k[i];
            k[i] = given[i] > 0.5 ? failures : k[i];
        }
        lf_write_whole(block, count, k, out + first);
    }
}

/* ---------------------------------------------------------------- poisson */

/* The probability of k is e^(-D(k + 1/2, a) - R(k)) / sqrt(2 pi a). */
static void try_poisson(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK],
                        const double *restrict a, const double *restrict unused,
                        double *restrict value, int64_t *restrict accepted)
{
    (void)draw, (void)unused;
    double height[LF_CHUNK], hat[LF_CHUNK];
    int64_t settled[LF_CHUNK];
    for (int64_t i = 0; i < count; i++) {
        int64_t quick;
        const double k = transformed(words[0][i], words[1][i], a[i], sqrt(a[i]), 0.0, &height[i],
                                     &hat[i], &quick);
        const int64_t large = a[i] >= SMALL_MEAN, inside = (k >= 0) & (k < 0x1p63);
        /* bounds of the logarithm, below, as for the binomial */
        const double x = k + 0.5, y = a[i], d = (k - y) + 0.5, square = d * d;
        const double inverse = 1 / (2 * x * y);
        const double low = x < y ? x : y, high = x < y ? y : x;
        const double least = inverse * (square * low + (1.0 / 12) * d);
        const double most = inverse * (square * high + (1.0 / 12) * x);
        const int64_t sure = settle(height[i], hat[i], least, most);
        const int64_t accept = quick | (sure > 0);
        value[i] = k;
        accepted[i] = (large ^ 1) | (inside & accept);
        settled[i] = (large & inside & (accept ^ 1) & (sure == 0)) ^ 1;
    }
    lf_list list;
    lf_list_zeros(&list, count, settled);
    if (!list.count)
        return;
    const int64_t listed = lf_padded(list.count);
    double k[LF_CHUNK], mean[LF_CHUNK], limit[LF_CHUNK], scale[LF_CHUNK], lacks[LF_CHUNK];
    lf_pick(&list, value, k);
    lf_pick(&list, a, mean);
    lf_pick(&list, height, limit);
    lf_pick(&list, hat, scale);
    half_stirling_lacks(listed, k, lacks);
    for (int64_t i = 0; i < listed; i++) {
        const double x = k[i] + 0.5, y = mean[i];
        double rest;
        const double yn = near(x, y, &rest), dn = ((k[i] - y) + 0.5) + (y - yn);
        const double deviance = near_deviance(x, dn, dn / (x + yn)) + rest;
        const double inverse = 1 / (24 * x * y);
        limit[i] -=
            scale[i] * lf_exp(-deviance - half_stirling(24 * y * inverse, lacks[i]) - x * inverse);
    }
    for (int64_t i = 0; i < list.count; i++)
        accepted[list.place[i]] = limit[i] <= 0;
}

static void small_poissons(int fixed, const lf_list *list, const uint64_t *words, const double *a,
                           double *restrict value)
{
    double mean[LF_CHUNK], uniform[LF_CHUNK], term[LF_CHUNK], k[LF_CHUNK];
    static const double step[LF_CHUNK] = {0};
    const int64_t count = lf_padded(list->count);
    lf_pick(list, a, mean);
    for (int64_t i = 0; i < count; i++)
        uniform[i] = lf_unit_open_below(words[list->place[i]]);
    const int64_t different = fixed ? LF_LANES : count;
    for (int64_t i = 0; i < different; i++)
        term[i] = lf_exp(-mean[i]);
    for (int64_t i = different; i < count; i++)
        term[i] = term[0];
    invert(count, uniform, term, mean, step, k);
    for (int64_t i = 0; i < list->count; i++)
        value[list->place[i]] = k[i];
}

void LF_NAME(law_poisson)(lf_block *block, lf_variate *restrict out)
{
    const int fixed = !block->draw->a.step;
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double mean_room[LF_CHUNK], k[LF_CHUNK];
        int64_t large[LF_CHUNK];
        lf_words(block, 2, padded, words);
        const double *restrict mean = lf_values(block, block->draw->a, first, count, mean_room);
        for (int64_t i = 0; i < padded; i++)
            large[i] = mean[i] >= SMALL_MEAN;
        lf_list list;
        lf_list_zeros(&list, count, large);
        if (list.count < count)
            lf_reject(block, try_poisson, 0, first, count, words, mean, mean, k);
        if (list.count)
            small_poissons(fixed, &list, words[0], mean, k);
        lf_write_whole(block, count, k, out + first);
    }
}

/* ---------------------------------------------------------------- zipf */

#define LN_3_HALVES 0x1.9f323ecbf984cp-2

/* Rejection-inversion, Hoermann and Derflinger, ACM TOMACS 6 (1996) 169: with H(x) the integral of
 * t^-a from 1 to x, x = H^-1(u) for u between H(3/2) - 1 and H(n + 1/2), and k the integer next to
 * x; kept where H(k + 1/2) - u, the integral from x to k + 1/2, is at most k^-a. k - x <= max(0,
 * 1/2 - 0.0215 a) suffices. From SMOOTH on t^-a is linear from k - 1/2 to k + 1/2, to 2^-90, and
 * all are kept: the doubles become too coarse to tell k + 1/2 from x. */
#define SMOOTH 0x1p45

static void try_zipf(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK],
                     const double *restrict a, const double *restrict b, double *restrict value,
                     int64_t *restrict accepted)
{
    double rise[LF_CHUNK], inverse[LF_CHUNK], low[LF_CHUNK], span[LF_CHUNK], end[LF_CHUNK],
        at[LF_CHUNK];
    const int fixed = !draw->a.step && !draw->b.step;
    const int64_t different = fixed ? LF_LANES : count;
    const double log_end = lf_log((b[0] > 1 ? b[0] : 1) + 0.5);
    for (int64_t i = 0; i < different; i++)
        end[i] = log_end;
    for (int64_t i = 0; draw->b.step && i < different; i++)
        end[i] = lf_log((b[i] > 1 ? b[i] : 1) + 0.5);
    for (int64_t i = 0; i < different; i++) {
        const double exponent = a[i] < 1e4 ? a[i] : 1e4; /* 2^-a is 0 long before */
        const double c = 1 - exponent, over_c = 1 / (c == 0 ? 1 : c), power = c * end[i];
        const double whole_area = c == 0 ? end[i] : lf_expm1(power) * over_c;
        low[i] = (c == 0 ? LN_3_HALVES : lf_expm1(c * LN_3_HALVES) * over_c) - 1;
        rise[i] = c;
        inverse[i] = over_c;
        span[i] = whole_area - low[i];
        end[i] = lf_exp(power);
    }
    for (int64_t i = different; i < count; i++) {
        rise[i] = rise[0], inverse[i] = inverse[0];
        low[i] = low[0], span[i] = span[0], end[i] = end[0];
    }
    for (int64_t i = 0; i < count; i++) {
        const double c = rise[i], n = b[i] > 1 ? b[i] : 1;
        const double v = lf_unit_open_below(words[0][i]), rest = lf_unit_open_below(~words[0][i]);
        const double u = low[i] + rest * span[i], w = c * u;
        /* x^c = 1 + c u; in the upper tail of a falling power from v, which is small there */
        const double power = end[i] - v * (c * span[i]);
        const int falls = (c < 0) & (power < 0.5);
        const double sum = 1 + w;
        const double of = falls ? power : sum, lost = falls ? 0.0 : w - (sum - 1);
        const double x = lf_exp(c == 0 ? u : lf_log_of_sum(of, lost) * inverse[i]);
        double k = x < 0x1p52 ? floor(x + 0.5) : x; /* there x is whole, and x + 1/2 no double */
        k = k > 1 ? k : 1;
        k = k < n ? k : n;
        double squeeze = 0.5 - 0.0215 * (1 - c);
        squeeze = squeeze > 0 ? squeeze : 0;
        const int64_t quick = (k - x <= squeeze) | (x >= SMOOTH);
        at[i] = x;
        value[i] = k;
        accepted[i] = quick;
    }
    lf_list list;
    lf_list_zeros(&list, count, accepted);
    if (!list.count)
        return;
    double k[LF_CHUNK], x[LF_CHUNK], powers[LF_CHUNK], area[LF_CHUNK];
    lf_pick(&list, value, k);
    lf_pick(&list, at, x);
    lf_pick(&list, rise, powers);
    for (int64_t i = 0; i < lf_padded(list.count); i++) {
        const double c = powers[i], log_ratio = lf_log1p((k[i] + 0.5 - x[i]) / x[i]);
        const double relative = c == 0 ? log_ratio : lf_expm1(c * log_ratio) / (c == 0 ? 1 : c);
        area[i] = relative * k[i] * lf_exp(c * lf_log1p((x[i] - k[i]) / k[i]));
    }
    for (int64_t i = 0; i < list.count; i++)
        accepted[list.place[i]] = area[i] <= 1;
}

void LF_NAME(law_zipf)(lf_block *block, lf_variate *restrict out)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double a_room[LF_CHUNK], n_room[LF_CHUNK], k[LF_CHUNK];
        lf_words(block, 1, padded, words);
        const double *restrict a = lf_values(block, block->draw->a, first, count, a_room);
        const double *restrict n = lf_values(block, block->draw->b, first, count, n_room);
        lf_reject(block, try_zipf, 0, first, count, words, a, n, k);
        lf_write_whole(block, count, k, out + first);
    }
}
