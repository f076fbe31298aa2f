/* The continuous laws of parameters that change from variate to variate, or that a table does not
 * serve. All are loops without branches over the variates of a chunk, made of the tables of the
 * normal and the exponential. */
#include "random/laws.h"

#define LAW(name) static void name(lf_block *block, lf_variate *restrict out)

static inline void exponentials(const lf_draw *draw, int64_t count, const uint64_t *words,
                                double *out)
{
    lf_table_values(draw->exponential, count, words, out);
}

static inline void copy(lf_variate *restrict out, const double *restrict x, int64_t count)
{
    memcpy(out, x, (size_t)count * sizeof *out);
}

/* Lomax, as NumPy's pareto: (1 - U)^(-1/a) - 1. */
LAW(law_pareto)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double e[LF_CHUNK], a[LF_CHUNK];
        lf_words(block, 1, padded, words);
        exponentials(block->draw, padded, words[0], e);
        lf_values(block, block->draw->a, first, count, a);
        for (int64_t i = 0; i < padded; i++)
            e[i] = lf_expm1(e[i] / a[i]);
        copy(out + first, e, count);
    }
}

/* E^(1/a) */
LAW(law_weibull)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double e[LF_CHUNK], a[LF_CHUNK];
        lf_words(block, 1, padded, words);
        exponentials(block->draw, padded, words[0], e);
        lf_values(block, block->draw->a, first, count, a);
        for (int64_t i = 0; i < padded; i++)
            e[i] = a[i] > 0 ? lf_exp(lf_log(e[i]) / a[i]) : 0.0;
        copy(out + first, e, count);
    }
}

/* e^(mean + sigma N) */
LAW(law_lognormal)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double x[LF_CHUNK], mean[LF_CHUNK], sigma[LF_CHUNK];
        lf_words(block, 1, padded, words);
        lf_table_values(block->draw->normal, padded, words[0], x);
        lf_values(block, block->draw->a, first, count, mean);
        lf_values(block, block->draw->b, first, count, sigma);
        for (int64_t i = 0; i < padded; i++)
            x[i] = lf_exp(mean[i] + sigma[i] * x[i]);
        copy(out + first, x, count);
    }
}

/* ---------------------------------------------------------------- gamma */

/* Marsaglia and Tsang, ACM TOMS 26 (2000) 363: of shape a >= 1, d (1 + c N)^3 with d = a - 1/3,
 * kept when an exponential exceeds minus the logarithm of the acceptance probability. Below 1 it is
 * the variate of shape a + 1, for which the caller makes amends. */
static void try_gamma(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK],
                      const double *a, const double *b, double *restrict value,
                      int64_t *restrict accepted)
{
    (void)b;
    double normal[LF_CHUNK], e[LF_CHUNK];
    lf_table_values(draw->normal, count, words[0], normal);
    exponentials(draw, count, words[1], e);
    for (int64_t i = 0; i < count; i++) {
        const double d = (a[i] < 1 ? a[i] + 1 : a[i]) - 1.0 / 3;
        const double x = normal[i], root = 1 + x / sqrt(9 * d), v = root * root * root;
        const double excess = 0.5 * x * x + d * (1 - v + lf_log(fmax(v, DBL_MIN)));
        value[i] = d * v;
        accepted[i] = (root > 0) & (e[i] > -excess);
    }
}

/* Gamma variates as large * e^(boost): G(a) = G(a + 1) U^(1/a) for a < 1, whose logarithm is finite
 * where the variate itself is below the smallest double. words (3, count) of the first try. */
static int gammas(const lf_block *block, int tag, int64_t first, int64_t count,
                  uint64_t words[][LF_CHUNK], const double *a, double *restrict large,
                  double *restrict boost)
{
    lf_reject(block, try_gamma, tag, first, count, words, a, a, large);
    int below_one = 0;
    for (int64_t i = 0; i < count; i++)
        below_one |= a[i] < 1;
    if (below_one) {
        exponentials(block->draw, lf_padded(count), words[2], boost);
        for (int64_t i = 0; i < lf_padded(count); i++)
            /* of a smaller shape the logarithm itself would overflow */
            boost[i] = a[i] < 1 ? -boost[i] / fmax(a[i], 1e-300) : 0.0;
    } else {
        memset(boost, 0, LF_CHUNK * sizeof *boost);
    }
    return below_one;
}

LAW(law_gamma)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[3][LF_CHUNK];
        double a[LF_CHUNK], x[LF_CHUNK], boost[LF_CHUNK];
        lf_words(block, 3, padded, words);
        lf_values(block, block->draw->a, first, count, a);
        if (gammas(block, 0, first, count, words, a, x, boost))
            for (int64_t i = 0; i < padded; i++)
                x[i] = a[i] > 0 ? x[i] * lf_exp(boost[i]) : 0.0;
        copy(out + first, x, count);
    }
}

LAW(law_inverse_gamma)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[3][LF_CHUNK];
        double a[LF_CHUNK], x[LF_CHUNK], boost[LF_CHUNK];
        lf_words(block, 3, padded, words);
        lf_values(block, block->draw->a, first, count, a);
        gammas(block, 0, first, count, words, a, x, boost);
        for (int64_t i = 0; i < padded; i++)
            x[i] = lf_exp(-boost[i]) / x[i];
        copy(out + first, x, count);
    }
}

/* G(a) / (G(a) + G(b)), through logarithms: both may be below the smallest double. */
LAW(law_beta)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[6][LF_CHUNK];
        double a[LF_CHUNK], b[LF_CHUNK], x[LF_CHUNK], y[LF_CHUNK], x_boost[LF_CHUNK],
            y_boost[LF_CHUNK];
        lf_words(block, 6, padded, words);
        lf_values(block, block->draw->a, first, count, a);
        lf_values(block, block->draw->b, first, count, b);
        gammas(block, 0, first, count, words, a, x, x_boost);
        gammas(block, 1, first, count, words + 3, b, y, y_boost);
        for (int64_t i = 0; i < padded; i++) {
            /* the smaller over the larger, so that the exponential does not overflow */
            const double log_ratio = lf_log(x[i] / y[i]) + (x_boost[i] - y_boost[i]);
            const double ratio = lf_exp(-fabs(log_ratio));
            x[i] = (log_ratio < 0 ? ratio : 1.0) / (1 + ratio);
        }
        copy(out + first, x, count);
    }
}

/* ---------------------------------------------------------------- Student's t */

/* Bailey, Math. Comp. 62 (1994) 779: sqrt(df (U^(-2/df) - 1)) cos(2 pi V). */
LAW(law_student_t)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double df[LF_CHUNK], e[LF_CHUNK];
        lf_words(block, 2, padded, words);
        exponentials(block->draw, padded, words[0], e);
        lf_values(block, block->draw->a, first, count, df);
        for (int64_t i = 0; i < padded; i++) {
            double sine, cosine;
            lf_sincos_turn(lf_unit(words[1][i]), &sine, &cosine);
            const double nu = fmin(df[i], 1e300), y = e[i] / nu;
            /* the root of e^2y - 1, where its square would overflow too */
            const double radius = y < 300 ? sqrt(lf_expm1(2 * y)) : lf_exp(y);
            e[i] = sqrt(nu) * radius * cosine;
        }
        copy(out + first, e, count);
    }
}

/* ---------------------------------------------------------------- geometric */

/* The first success: 1 + floor(E / -ln(1-p)); what int64 cannot hold is its largest value. */
LAW(law_geometric)
{
    const int fixed = !block->draw->a.step;
    const double fixed_rate = -lf_log1p(-block->draw->a.value[0]);
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double e[LF_CHUNK], rate[LF_CHUNK];
        lf_words(block, 1, padded, words);
        exponentials(block->draw, padded, words[0], e);
        lf_values(block, block->draw->a, first, count, rate);
        for (int64_t i = 0; i < padded; i++)
            rate[i] = fixed ? fixed_rate : -lf_log1p(-rate[i]);
        for (int64_t i = 0; i < count; i++) {
            const double failures = e[i] / rate[i];
            out[first + i].integer =
                failures < 0x1p63 ? LF_MAX(1, 1 + (int64_t)failures) : INT64_MAX;
        }
    }
}

/* ---------------------------------------------------------------- tables */

LAW(law_quantile)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double x[LF_CHUNK];
        lf_words(block, 1, padded, words);
        if (count == LF_CHUNK) {
            lf_table_values(block->draw->table, padded, words[0], &out[first].real);
        } else {
            lf_table_values(block->draw->table, padded, words[0], x);
            copy(out + first, x, count);
        }
    }
}

/* Integers from a table of a smooth law that lies above each by less than 1. */
LAW(law_quantile_floor)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double x[LF_CHUNK];
        lf_words(block, 1, padded, words);
        lf_table_values(block->draw->table, padded, words[0], x);
        for (int64_t i = 0; i < count; i++)
            out[first + i].integer = (int64_t)x[i];
    }
}

LAW(law_uniform)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        lf_words(block, 1, padded, words);
        for (int64_t i = 0; i < count; i++) {
            /* 52 bits behind 1.0, less 1.0 or the double before it: exact */
            const uint64_t word = words[0][i];
            out[first + i].real = lf_double((word >> 12) | 0x3ff0000000000000u) -
                                  lf_double(0x3ff0000000000000u - ((word >> 11) & 1));
        }
    }
}

lf_law_block *LF_NAME(law_block)(lf_law law)
{
    static lf_law_block *const table[LF_LAW_COUNT] = {
        [LF_UNIFORM] = law_uniform,
        [LF_QUANTILE] = law_quantile,
        [LF_QUANTILE_FLOOR] = law_quantile_floor,
        [LF_PARETO] = law_pareto,
        [LF_WEIBULL] = law_weibull,
        [LF_LOGNORMAL] = law_lognormal,
        [LF_GAMMA] = law_gamma,
        [LF_INVERSE_GAMMA] = law_inverse_gamma,
        [LF_STUDENT_T] = law_student_t,
        [LF_BETA] = law_beta,
        [LF_STABLE] = LF_NAME(law_stable),
        [LF_GEOMETRIC] = law_geometric,
        [LF_BINOMIAL] = LF_NAME(law_binomial),
        [LF_POISSON] = LF_NAME(law_poisson),
        [LF_ZIPF] = LF_NAME(law_zipf),
    };
    return table[law];
}
