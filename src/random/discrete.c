/* The integer laws by rejection and by inversion: binomial, poisson, zipf. A try is a loop without
 * branches over the chunk that settles most variates by a squeeze; the others are tested exactly,
 * from a list. */
#include "random/laws.h"

/* What the laws share: places of the variates that are left for a slower way. */
typedef struct {
    int64_t count, place[LF_CHUNK + LF_LANES];
} lf_list;

/* Those of the first `count` places that are wanted; repeated up to whole vectors. */
static inline void list_where(lf_list *list, int64_t count, const int64_t *restrict wanted)
{
    int64_t listed = 0;
    for (int64_t i = 0; i < count; i++) {
        list->place[listed] = i;
        listed += wanted[i] != 0;
    }
    list->count = listed;
    for (int64_t i = listed; i < lf_padded(listed); i++)
        list->place[i] = list->place[0];
}

static inline void pick(const lf_list *list, const double *restrict from, double *restrict to)
{
    for (int64_t i = 0; i < lf_padded(list->count); i++)
        to[i] = from[list->place[i]];
}

/* ln k! = x ln x - x + ln(2 pi)/2 + this, x = k + 1/2, for integers k: unlike Stirling's own form
 * it holds at k = 0. The series in 1/x, and what that lacks for small k, looked up in a loop of its
 * own: loops with it do not become vector code. */
static inline double half_stirling(double k, double lacks)
{
    const double x = k + 0.5, w = 1 / x, z = w * w;
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
        lacks[i] = lacking[(int)(k[i] < 15 ? k[i] : 15)];
}

/* x ln(x/y) + y - x from d = x - y, without cancellation near x = y (Loader, Fast and accurate
 * computation of binomial probabilities, 2000). */
static inline double deviance(double x, double y, double d)
{
    const double s = d / (x + y), z = s * s;
    double p = 1.0 / 17;
    p = lf_fma(p, z, 1.0 / 15);
    p = lf_fma(p, z, 1.0 / 13);
    p = lf_fma(p, z, 1.0 / 11);
    p = lf_fma(p, z, 1.0 / 9);
    p = lf_fma(p, z, 1.0 / 7);
    p = lf_fma(p, z, 1.0 / 5);
    p = lf_fma(p, z, 1.0 / 3);
    const double near = lf_fma(2 * x * s, z * p, d * s);
    const double far = x * lf_log(x / y) - d;
    return z < 0.01 ? near : far;
}

/* Transformed rejection with squeeze, BTRS of Hoermann, J. Stat. Comput. Simul. 46 (1993) 101: a
 * binomial of this mean and standard deviation, p <= 1/2, and with p = 0 a Poisson variate, for
 * which the same hat is a little better than that of his PTRS (which Poisson probabilities exceed
 * by 0.5 % here and there). His test divides by the probability of the mode; here it is the bound
 *     e^(S + 1/(24 N p q)) / sqrt(2 pi N p q),   N = n + 1,
 * at most 3 % higher, which takes no logarithm and shares S, Stirling's rest of ln N!, with the
 * probabilities. Returns k; `height` is to be compared with its probability over the bound,
 * unless `quick`. */
static inline double transformed(uint64_t word, uint64_t height_word, double mean, double spread,
                                 double p, double *height, int64_t *quick)
{
    const double width = 1.15 + 2.53 * spread, tail = -0.0873 + 0.0248 * width + 0.01 * p;
    const double inverse = 1 / width, v = lf_unit_open_below(height_word);
    /* the place under the hat, [0, 1], as its distance from the nearer end and from 1/2 */
    const uint64_t upper = (uint64_t)0 - (word >> 63);
    const double distance = lf_unit_open_below(word ^ upper), stretch = 1 / distance;
    const double below = distance - 0.5, u = upper ? -below : below;
    const double alpha = (2.83 + 5.1 * inverse) * spread;
    *height = v * alpha / (tail * (stretch * stretch) + width);
    *quick = (distance >= 0.07) & (v <= 0.92 - 4.2 * inverse);
    return floor((2 * tail * stretch + width) * u + (mean + 0.5));
}

/* Inversion, for means below 10: value (count,) is the number of terms of the probabilities that
 * lie wholly below the uniform. Term k + 1 is term k times (scale - k step) / (k + 1). It ends
 * where terms are below 2^-64, before rounding could carry it on. */
static void invert(int64_t count, double *restrict uniform, double *restrict term,
                   const double *restrict scale, const double *restrict step,
                   double *restrict value)
{
    for (int64_t i = 0; i < count; i++)
        value[i] = 0;
    int64_t more = 1;
    for (double k = 0; more; k++) {
        const double inverse = 1 / (k + 1);
        more = 0;
        for (int64_t i = 0; i < count; i++) {
            const double rest = uniform[i] - term[i];
            const double next = term[i] * ((scale[i] - k * step[i]) * inverse);
            const int64_t on = (rest > 0) & (next > 0x1p-64);
            uniform[i] = rest;
            term[i] = next;
            value[i] += on ? 1.0 : 0.0;
            more |= on;
        }
    }
}

static inline int64_t whole(double k)
{
    return k < 0x1p63 ? (int64_t)k : INT64_MAX;
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
    double height[LF_CHUNK];
    int64_t open[LF_CHUNK];
    for (int64_t i = 0; i < count; i++) {
        const double n = a[i], p = b[i], mean = n * p;
        int64_t quick;
        const double k = transformed(words[0][i], words[1][i], mean, sqrt(mean * (1 - p)), p,
                                     &height[i], &quick);
        const int64_t large = mean >= SMALL_MEAN, inside = (k >= 0) & (k <= n);
        value[i] = k;
        accepted[i] = (large ^ 1) | (inside & quick);
        open[i] = large & inside & (quick ^ 1);
    }
    lf_list list;
    list_where(&list, count, open);
    if (!list.count)
        return;
    const int64_t listed = lf_padded(list.count);
    double k[LF_CHUNK], failures[LF_CHUNK], n[LF_CHUNK], p[LF_CHUNK], limit[LF_CHUNK];
    double lacks[LF_CHUNK], failures_lack[LF_CHUNK];
    pick(&list, value, k);
    pick(&list, a, n);
    pick(&list, b, p);
    pick(&list, height, limit);
    for (int64_t i = 0; i < listed; i++)
        failures[i] = n[i] - k[i];
    half_stirling_lacks(listed, k, lacks);
    half_stirling_lacks(listed, failures, failures_lack);
    for (int64_t i = 0; i < listed; i++) {
        const double mean = n[i] * p[i], q = 1 - p[i];
        const double y = (n[i] + 1) * p[i], y_failures = (n[i] + 1) * q;
        /* k + 1/2 - N p: the product n p without its rounding */
        const double d = (k[i] - mean) - (lf_fma(n[i], p[i], -mean) + (p[i] - 0.5));
        const double log_ratio = -deviance(k[i] + 0.5, y, d) -
                                 deviance(failures[i] + 0.5, y_failures, -d) -
                                 half_stirling(k[i], lacks[i]) -
                                 half_stirling(failures[i], failures_lack[i]) - 1 / (24 * y * q);
        limit[i] -= lf_exp(log_ratio);
    }
    for (int64_t i = 0; i < list.count; i++)
        accepted[list.place[i]] = limit[i] <= 0;
}

/* Of the listed variates, with their uniforms. */
static void small_binomials(const lf_list *list, const uint64_t *words, const double *a,
                            const double *b, double *restrict value)
{
    double n[LF_CHUNK], p[LF_CHUNK], uniform[LF_CHUNK], term[LF_CHUNK], scale[LF_CHUNK],
        odds[LF_CHUNK], k[LF_CHUNK];
    const int64_t count = lf_padded(list->count);
    pick(list, a, n);
    pick(list, b, p);
    for (int64_t i = 0; i < count; i++)
        uniform[i] = lf_unit_open_below(words[list->place[i]]);
    for (int64_t i = 0; i < count; i++) {
        term[i] = lf_exp(n[i] * lf_log1p(-p[i]));
        odds[i] = p[i] / (1 - p[i]);
        scale[i] = n[i] * odds[i];
    }
    invert(count, uniform, term, scale, odds, k);
    for (int64_t i = 0; i < list->count; i++)
        value[list->place[i]] = k[i];
}

void LF_NAME(law_binomial)(lf_block *block, lf_variate *restrict out)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double n[LF_CHUNK], p[LF_CHUNK], given[LF_CHUNK], k[LF_CHUNK];
        int64_t small[LF_CHUNK];
        lf_words(block, 2, padded, words);
        lf_values(block, block->draw->a, first, count, n);
        lf_values(block, block->draw->b, first, count, given);
        for (int64_t i = 0; i < padded; i++) {
            p[i] = given[i] > 0.5 ? 1 - given[i] : given[i];
            small[i] = n[i] * p[i] >= SMALL_MEAN ? 0 : 1;
        }
        lf_list list;
        list_where(&list, count, small);
        if (list.count < count)
            lf_reject(block, try_binomial, 0, first, count, words, n, p, k);
        if (list.count)
            small_binomials(&list, words[0], n, p, k);
        for (int64_t i = 0; i < count; i++)
            out[first + i].integer = (int64_t)(given[i] > 0.5 ? n[i] - k[i] : k[i]);
    }
}

/* ---------------------------------------------------------------- poisson */

/* The probability of k is e^(-D(k + 1/2, a) - R(k)) / sqrt(2 pi a). */
static void try_poisson(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK],
                        const double *restrict a, const double *restrict unused,
                        double *restrict value, int64_t *restrict accepted)
{
    (void)draw, (void)unused;
    double height[LF_CHUNK];
    int64_t open[LF_CHUNK];
    for (int64_t i = 0; i < count; i++) {
        int64_t quick;
        const double k =
            transformed(words[0][i], words[1][i], a[i], sqrt(a[i]), 0.0, &height[i], &quick);
        const int64_t large = a[i] >= SMALL_MEAN, inside = (k >= 0) & (k < 0x1p63);
        value[i] = k;
        accepted[i] = (large ^ 1) | (inside & quick);
        open[i] = large & inside & (quick ^ 1);
    }
    lf_list list;
    list_where(&list, count, open);
    if (!list.count)
        return;
    const int64_t listed = lf_padded(list.count);
    double k[LF_CHUNK], mean[LF_CHUNK], limit[LF_CHUNK], lacks[LF_CHUNK];
    pick(&list, value, k);
    pick(&list, a, mean);
    pick(&list, height, limit);
    half_stirling_lacks(listed, k, lacks);
    for (int64_t i = 0; i < listed; i++) {
        const double d = (k[i] - mean[i]) + 0.5;
        limit[i] -= lf_exp(-deviance(k[i] + 0.5, mean[i], d) - half_stirling(k[i], lacks[i]) -
                           1 / (24 * mean[i]));
    }
    for (int64_t i = 0; i < list.count; i++)
        accepted[list.place[i]] = limit[i] <= 0;
}

static void small_poissons(const lf_list *list, const uint64_t *words, const double *a,
                           double *restrict value)
{
    double mean[LF_CHUNK], uniform[LF_CHUNK], term[LF_CHUNK], k[LF_CHUNK];
    const double step[LF_CHUNK] = {0};
    const int64_t count = lf_padded(list->count);
    pick(list, a, mean);
    for (int64_t i = 0; i < count; i++)
        uniform[i] = lf_unit_open_below(words[list->place[i]]);
    for (int64_t i = 0; i < count; i++)
        term[i] = lf_exp(-mean[i]);
    invert(count, uniform, term, mean, step, k);
    for (int64_t i = 0; i < list->count; i++)
        value[list->place[i]] = k[i];
}

void LF_NAME(law_poisson)(lf_block *block, lf_variate *restrict out)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double mean[LF_CHUNK], k[LF_CHUNK];
        int64_t small[LF_CHUNK];
        lf_words(block, 2, padded, words);
        lf_values(block, block->draw->a, first, count, mean);
        for (int64_t i = 0; i < padded; i++)
            small[i] = mean[i] >= SMALL_MEAN ? 0 : 1;
        lf_list list;
        list_where(&list, count, small);
        if (list.count < count)
            lf_reject(block, try_poisson, 0, first, count, words, mean, mean, k);
        if (list.count)
            small_poissons(&list, words[0], mean, k);
        for (int64_t i = 0; i < count; i++)
            out[first + i].integer = whole(k[i]);
    }
}

/* ---------------------------------------------------------------- zipf */

#define LN_3_HALVES 0x1.9f323ecbf984cp-2

/* Rejection-inversion, Hoermann and Derflinger, ACM TOMACS 6 (1996) 169: with H(x) the integral of
 * t^-a from 1 to x, x = H^-1(u) for u between H(3/2) - 1 and H(n + 1/2), and k the integer next to
 * x; kept where H(k + 1/2) - u, the integral from x to k + 1/2, is at most k^-a. k - x <= max(0,
 * 1/2 - 0.0215 a) suffices. */
static void try_zipf(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK],
                     const double *restrict a, const double *restrict b, double *restrict value,
                     int64_t *restrict accepted)
{
    double rise[LF_CHUNK], low[LF_CHUNK], span[LF_CHUNK], end[LF_CHUNK], at[LF_CHUNK];
    int64_t open[LF_CHUNK];
    const int fixed = !draw->a.step && !draw->b.step;
    const int64_t different = fixed ? LF_LANES : count;
    for (int64_t i = 0; i < different; i++) {
        const double exponent = a[i] < 1e4 ? a[i] : 1e4; /* 2^-a is 0 long before */
        const double c = 1 - exponent, log_end = lf_log((b[i] > 1 ? b[i] : 1) + 0.5);
        const double divisor = c == 0 ? 1 : c;
        const double whole_area = c == 0 ? log_end : lf_expm1(c * log_end) / divisor;
        low[i] = (c == 0 ? LN_3_HALVES : lf_expm1(c * LN_3_HALVES) / divisor) - 1;
        rise[i] = c;
        span[i] = whole_area - low[i];
        end[i] = lf_exp(c * log_end);
    }
    for (int64_t i = different; i < count; i++)
        rise[i] = rise[0], low[i] = low[0], span[i] = span[0], end[i] = end[0];
    for (int64_t i = 0; i < count; i++) {
        const double c = rise[i], n = b[i] > 1 ? b[i] : 1;
        const double v = lf_unit_open_below(words[0][i]), rest = lf_unit_open_below(~words[0][i]);
        const double u = low[i] + rest * span[i], w = c * u;
        /* x^c = 1 + c u; in the upper tail of a falling power from v, which is small there */
        const double power = end[i] - v * (c * span[i]);
        const int falls = (c < 0) & (power < 0.5);
        const double sum = 1 + w;
        const double of = falls ? power : sum, lost = falls ? 0.0 : w - (sum - 1);
        const double log_power = lf_log(of) + lost / of;
        const double x = lf_exp(c == 0 ? u : log_power / (c == 0 ? 1 : c));
        double k = floor(x + 0.5);
        k = k > 1 ? k : 1;
        k = k < n ? k : n;
        double squeeze = 0.5 - 0.0215 * (1 - c);
        squeeze = squeeze > 0 ? squeeze : 0;
        const int64_t quick = k - x <= squeeze;
        at[i] = x;
        value[i] = k;
        accepted[i] = quick;
        open[i] = quick ^ 1;
    }
    lf_list list;
    list_where(&list, count, open);
    if (!list.count)
        return;
    double k[LF_CHUNK], x[LF_CHUNK], powers[LF_CHUNK], area[LF_CHUNK];
    pick(&list, value, k);
    pick(&list, at, x);
    pick(&list, rise, powers);
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
        double a[LF_CHUNK], n[LF_CHUNK], k[LF_CHUNK];
        lf_words(block, 1, padded, words);
        lf_values(block, block->draw->a, first, count, a);
        lf_values(block, block->draw->b, first, count, n);
        lf_reject(block, try_zipf, 0, first, count, words, a, n, k);
        for (int64_t i = 0; i < count; i++)
            out[first + i].integer = whole(k[i]);
    }
}
