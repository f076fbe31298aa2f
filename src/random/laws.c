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

/* Lomax, as NumPy's pareto: (1 - U)^(-1/a) - 1. */
LAW(law_pareto)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double e[LF_CHUNK], a_room[LF_CHUNK];
        lf_words(block, 1, padded, words);
        exponentials(block->draw, padded, words[0], e);
        const double *restrict a = lf_values(block, block->draw->a, first, count, a_room);
        for (int64_t i = 0; i < padded; i++)
            e[i] = lf_expm1(e[i] / a[i]);
        lf_write(block, count, e, out + first);
    }
}

/* E^(1/a) */
LAW(law_weibull)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double e[LF_CHUNK], a_room[LF_CHUNK];
        lf_words(block, 1, padded, words);
        exponentials(block->draw, padded, words[0], e);
        const double *restrict a = lf_values(block, block->draw->a, first, count, a_room);
        for (int64_t i = 0; i < padded; i++) {
            /* beyond these the power is 0, 1 or infinite */
            double shape = a[i] > 1e-300 ? a[i] : 1e-300, power;
            shape = shape < 1e300 ? shape : 1e300;
            const double f = lf_log_parts(e[i], &power) - 1.0;
            const double inverse = 1 / ((2.0 + f) * shape); /* one division for two */
            const double log_e = lf_log_sum(power, f, f * (shape * inverse));
            const double y = lf_exp(log_e * ((2.0 + f) * inverse));
            e[i] = a[i] > 0 ? y : 0.0;
        }
        lf_write(block, count, e, out + first);
    }
}

/* e^(mean + sigma N) */
LAW(law_lognormal)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[1][LF_CHUNK];
        double x[LF_CHUNK], mean_room[LF_CHUNK], sigma_room[LF_CHUNK];
        lf_words(block, 1, padded, words);
        lf_table_values(block->draw->normal, padded, words[0], x);
        const double *restrict mean = lf_values(block, block->draw->a, first, count, mean_room);
        const double *restrict sigma = lf_values(block, block->draw->b, first, count, sigma_room);
        for (int64_t i = 0; i < padded; i++)
            x[i] = lf_exp(mean[i] + sigma[i] * x[i]);
        lf_write(block, count, x, out + first);
    }
}

/* ---------------------------------------------------------------- gamma */

static inline double gamma_d(double shape)
{
    return (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
}

/* Marsaglia and Tsang, ACM TOMS 26 (2000) 363: of shape a >= 1, d v with v = (1 + c N)^3, d = a -
 * 1/3 and c = 1/sqrt(9 d), kept with probability e^(N^2/2 + d (1 - v + ln v)); their squeeze 1 -
 * 0.0331 N^4 decides nearly all. (Any c gives the law while that probability stays below 1: so c
 * may be rough.) Below shape 1 it is the variate of shape a + 1, for which the caller makes amends.
 */
static void try_gamma(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK],
                      const double *a, const double *b, double *restrict value,
                      int64_t *restrict accepted)
{
    (void)b;
    double normal[LF_CHUNK], cube[LF_CHUNK];
    lf_table_values(draw->normal, count, words[0], normal);
    for (int64_t i = 0; i < count; i++) {
        const double d = gamma_d(a[i]), x = normal[i];
        const double root = 1 + x * lf_rough_rsqrt(9 * d);
        cube[i] = root * root * root;
        value[i] = d * cube[i];
        const double square = x * x, squeeze = lf_fma(-0.0331 * square, square, 2.0);
        const double bound = root > 0 ? squeeze : -1.0;
        /* 1 + the uniform, of 52 bits: to be exact is for the doubtful */
        accepted[i] = lf_double((words[1][i] >> 12) | 0x3ff0000000000000u) < bound;
    }
    lf_list unsure;
    lf_list_zeros(&unsure, count, accepted);
    double x[LF_CHUNK], shape[LF_CHUNK], v[LF_CHUNK], uniform[LF_CHUNK];
    lf_pick(&unsure, normal, x);
    lf_pick(&unsure, a, shape);
    lf_pick(&unsure, cube, v);
    for (int64_t i = 0; i < lf_padded(unsure.count); i++)
        uniform[i] = lf_unit_open_below(words[1][unsure.place[i]]);
    for (int64_t i = 0; i < lf_padded(unsure.count); i++) {
        const double d = gamma_d(shape[i]), positive = v[i] > DBL_MIN ? v[i] : DBL_MIN;
        const double log_ratio = 0.5 * x[i] * x[i] + d * (1 - positive + lf_log_normal(positive));
        x[i] = v[i] > 0 ? log_ratio - lf_log_normal(uniform[i]) : -1.0;
    }
    for (int64_t i = 0; i < unsure.count; i++)
        accepted[unsure.place[i]] = x[i] > 0;
}

/* Gamma variates as large * e^(boost): G(a) = G(a + 1) U^(1/a) for a < 1, whose logarithm is finite
 * where the variate itself is below the smallest double. words (2, count) of the first try. The
 * exponentials of the boosts come from the words behind the whole chunk's, and only where they are
 * needed: returns whether. */
static int gammas(lf_block *block, int tag, int64_t first, int64_t count,
                  uint64_t words[][LF_CHUNK], const double *a, double *restrict large,
                  double *restrict boost)
{
    lf_reject(block, try_gamma, tag, first, count, words, a, a, large);
    int below_one = 0;
    for (int64_t i = 0; i < count; i++)
        below_one |= a[i] < 1;
    if (!below_one) {
        memset(boost, 0, LF_CHUNK * sizeof *boost);
        return 0;
    }
    lf_words(block, 1, lf_padded(count), words);
    lf_finish_chunk(block, 1, lf_padded(count));
    exponentials(block->draw, lf_padded(count), words[0], boost);
    for (int64_t i = 0; i < lf_padded(count); i++)
        /* of a smaller shape the logarithm itself would overflow */
        boost[i] = a[i] < 1 ? -boost[i] / (a[i] > 1e-300 ? a[i] : 1e-300) : 0.0;
    return 1;
}

/* Of a chi-square variate the parameter is twice the shape, and the variate twice the gamma's. */
static inline void gamma_block(lf_block *block, lf_variate *restrict out, int chisquare)
{
    const double half = chisquare ? 0.5 : 1.0, twice = chisquare ? 2.0 : 1.0;
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double room[LF_CHUNK], a[LF_CHUNK], x[LF_CHUNK], boost[LF_CHUNK];
        lf_words(block, 2, padded, words);
        lf_finish_chunk(block, 2, padded);
        const double *restrict given = lf_values(block, block->draw->a, first, count, room);
        for (int64_t i = 0; i < padded; i++)
            a[i] = half * given[i];
        if (gammas(block, 0, first, count, words, a, x, boost))
            for (int64_t i = 0; i < padded; i++)
                x[i] = a[i] > 0 ? x[i] * lf_exp(boost[i]) : 0.0;
        for (int64_t i = 0; i < padded; i++)
            x[i] *= twice;
        lf_write(block, count, x, out + first);
    }
}

LAW(law_gamma)
{
    gamma_block(block, out, 0);
}

LAW(law_chisquare)
{
    gamma_block(block, out, 1);
}

LAW(law_inverse_gamma)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double a_room[LF_CHUNK], x[LF_CHUNK], boost[LF_CHUNK];
        lf_words(block, 2, padded, words);
        lf_finish_chunk(block, 2, padded);
        const double *restrict a = lf_values(block, block->draw->a, first, count, a_room);
        if (gammas(block, 0, first, count, words, a, x, boost))
            for (int64_t i = 0; i < padded; i++)
                x[i] = lf_exp(-boost[i]) / x[i];
        else
            for (int64_t i = 0; i < padded; i++)
                x[i] = 1 / x[i];
        lf_write(block, count, x, out + first);
    }
}

/* G(a) / (G(a) + G(b)), by the ratio of their boosts: both may be below the smallest double. */
LAW(law_beta)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[4][LF_CHUNK];
        double a_room[LF_CHUNK], b_room[LF_CHUNK], x[LF_CHUNK], y[LF_CHUNK], x_boost[LF_CHUNK],
            y_boost[LF_CHUNK];
        lf_words(block, 4, padded, words);
        lf_finish_chunk(block, 4, padded);
        const double *restrict a = lf_values(block, block->draw->a, first, count, a_room);
        const double *restrict b = lf_values(block, block->draw->b, first, count, b_room);
        const int a_below = gammas(block, 0, first, count, words, a, x, x_boost);
        const int b_below = gammas(block, 1, first, count, words + 2, b, y, y_boost);
        if (a_below | b_below)
            for (int64_t i = 0; i < padded; i++) {
                /* the smaller factor over the larger: what then underflows was 0 or 1 */
                const double more = y_boost[i] - x_boost[i];
                const double factor = lf_exp(more < 0 ? more : -more);
                const double g = more > 0 ? x[i] * factor : x[i];
                const double h = more > 0 ? y[i] : y[i] * factor;
                x[i] = g / (g + h);
            }
        else
            for (int64_t i = 0; i < padded; i++)
                x[i] /= x[i] + y[i];
        lf_write(block, count, x, out + first);
    }
}

/* ---------------------------------------------------------------- Student's t */

/* Bailey, Math. Comp. 62 (1994) 779: sqrt(df (U^(-2/df) - 1)) cos(2 pi V). */
LAW(law_student_t)
{
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double df_room[LF_CHUNK], e[LF_CHUNK], x[LF_CHUNK];
        int overflows = 0;
        lf_words(block, 2, padded, words);
        exponentials(block->draw, padded, words[0], e);
        const double *restrict df = lf_values(block, block->draw->a, first, count, df_room);
        for (int64_t i = 0; i < padded; i++) {
            double sine, cosine;
            lf_sincos_turn(lf_unit(words[1][i]), &sine, &cosine);
            const double nu = df[i] < 1e300 ? df[i] : 1e300, y = 2 * (e[i] / nu);
            overflows |= y > 600;
            x[i] = sqrt(nu * lf_expm1(y)) * cosine;
        }
        if (overflows) /* tiny df: the root of e^y, where e^y itself may be infinite */
            for (int64_t i = 0; i < padded; i++) {
                double sine, cosine;
                lf_sincos_turn(lf_unit(words[1][i]), &sine, &cosine);
                const double y = 2 * (e[i] / df[i]);
                x[i] = y > 600 ? sqrt(df[i]) * lf_exp(0.5 * y) * cosine : x[i];
            }
        lf_write(block, count, x, out + first);
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
        double e[LF_CHUNK], room[LF_CHUNK];
        lf_words(block, 1, padded, words);
        exponentials(block->draw, padded, words[0], e);
        if (fixed) {
            for (int64_t i = 0; i < padded; i++)
                e[i] /= fixed_rate;
        } else {
            const double *restrict p = lf_values(block, block->draw->a, first, count, room);
            for (int64_t i = 0; i < padded; i++)
                e[i] /= -lf_log1p(-p[i]);
        }
        lf_floors(count, e, 1, out + first);
    }
}

/* ---------------------------------------------------------------- tables */

/* The next words' variates, in one pass from the stream to the places in the table. */
static void quantiles(lf_block *block, int64_t padded, double *restrict out)
{
    uint64_t offset[LF_CHUNK];
    double t[LF_CHUNK];
    lf_stream state = block->stream;
    for (int64_t i = 0; i < padded; i += LF_LANES) {
        lf_word4 word[LF_HALVES];
        lf_stream_step(&state, word);
        for (int h = 0; h < LF_HALVES; h++)
            lf_table_find(word[h], offset + i + 4 * h, t + i + 4 * h);
    }
    block->stream = state;
    lf_table_look_up(block->draw->table, padded, offset, t, out);
}

LAW(law_quantile)
{
    FOR_EACH_CHUNK
    {
        double x[LF_CHUNK];
        if (count == LF_CHUNK) {
            quantiles(block, padded, &out[first].real);
        } else {
            quantiles(block, padded, x);
            lf_write(block, count, x, out + first);
        }
    }
}

/* Integers from a table of a smooth law that lies above each by less than 1. */
LAW(law_quantile_floor)
{
    FOR_EACH_CHUNK
    {
        double x[LF_CHUNK];
        quantiles(block, padded, x);
        lf_floors(count, x, 0, out + first);
    }
}

/* It writes faster than a cache passes it on: where the array is large, past the caches. */
static inline void uniforms(lf_block *block, lf_variate *restrict out, int past)
{
    lf_stream state = block->stream;
    for (int64_t first = 0; first < block->m; first += LF_LANES) {
        lf_word4 word[LF_HALVES];
        lf_real4 x[LF_HALVES];
        lf_stream_step(&state, word);
        /* 52 bits behind 1.0, less 1.0 or the double before it */
        for (int h = 0; h < LF_HALVES; h++)
            x[h] = (lf_real4)((word[h] >> 12) | 0x3ff0000000000000u) -
                   (lf_real4)(0x3ff0000000000000u - ((word[h] >> 11) & 1));
        if (first + LF_LANES > block->m)
            memcpy(out + first, x, (size_t)(block->m - first) * sizeof *out);
        else
            for (int h = 0; h < LF_HALVES; h++)
                if (past)
                    lf_store_past(x[h], &out[first + 4 * h].real);
                else
                    lf_store_reals(x[h], &out[first + 4 * h].real);
    }
}

LAW(law_uniform)
{
    if (block->past)
        uniforms(block, out, 1);
    else
        uniforms(block, out, 0);
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
        [LF_CHISQUARE] = law_chisquare,
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
