/* The laws.
 *
 * Laws of one word a variate, and normals, are loops without branches over whole steps of the
 * stream. Laws by rejection, or of several words, take normals and exponentials one by one from a
 * source that refills itself by those same loops; they treat variate after variate, so a shape for
 * all and a shape for each run through the same code. */
#include "core/vecmath.h"
#include "random/laws.h"

/* ---------------------------------------------------------------- from words to variates */

/* [0, 1): the upper 53 bits. */
static inline double unit(uint64_t word)
{
    return lf_from_u64(word >> 11) * 0x1p-53;
}

/* (0, 1], even in its logarithm down to 2^-65: a 64-bit word at the middle of its cell. */
static inline double unit_open_below(uint64_t word)
{
    return (lf_from_u64(word) + 0.5) * 0x1p-64;
}

static inline double exponential(uint64_t word)
{
    const double e = -lf_log(unit_open_below(word));
    return e > 0 ? e : 0.0; /* no negative zero */
}

/* Words a loop converts at a time: they stay in the first-level cache. A multiple of two steps. */
#define CHUNK 256

/* Box and Muller: words 16 g + l and 16 g + 8 + l give the radius and the angle of normals 16 g + l
 * (the cosine) and 16 g + 8 + l (the sine). words (count,) in, count a multiple of 16. */
static void normals(int64_t count, const uint64_t *restrict words, double *restrict out)
{
    for (int64_t g = 0; g < count; g += 2 * LF_LANES) {
        for (int l = 0; l < LF_LANES; l++) {
            double sine, cosine;
            const double radius = sqrt(-2.0 * lf_log(unit_open_below(words[g + l])));
            lf_sincos_turn(unit(words[g + LF_LANES + l]), &sine, &cosine);
            out[g + l] = radius * cosine;
            out[g + LF_LANES + l] = radius * sine;
        }
    }
}

/* ---------------------------------------------------------------- one word a variate */

#define LAW(name) \
    static void name(lf_stream *stream, int64_t m, lf_param a, lf_param b, lf_variate *restrict out)

/* Runs `expression` of word and i for i < m. */
#define FOR_EACH_WORD(assignment)                                          \
    for (int64_t start = 0; start < m; start += CHUNK) {                   \
        uint64_t words[CHUNK];                                             \
        const int64_t count = LF_MIN(CHUNK, m - start);                    \
        lf_stream_words(stream, (count + LF_LANES - 1) / LF_LANES, words); \
        for (int64_t j = 0; j < count; j++) {                              \
            const int64_t i = start + j;                                   \
            const uint64_t word = words[j];                                \
            assignment;                                                    \
        }                                                                  \
    }                                                                      \
    (void)a, (void)b

LAW(law_uniform)
{
    FOR_EACH_WORD(out[i].real = unit(word));
}

/* 24 bits, so that the conversion to float cannot round up to 1. */
LAW(law_uniform_float)
{
    FOR_EACH_WORD(out[i].real = lf_from_u64(word >> 40) * 0x1p-24);
}

LAW(law_exponential)
{
    FOR_EACH_WORD(out[i].real = exponential(word));
}

/* Lomax, as NumPy's pareto: (1 - U)^(-1/a) - 1. */
LAW(law_pareto)
{
    FOR_EACH_WORD(out[i].real = lf_expm1(exponential(word) / a.value[i * a.step]));
}

/* The first success: 1 + floor(E / -ln(1-p)); what int64 cannot hold is its largest value. */
LAW(law_geometric)
{
    FOR_EACH_WORD({
        const double failures = exponential(word) / -lf_log1p(-a.value[i * a.step]);
        out[i].integer = failures < 0x1p63 ? LF_MAX(1, 1 + (int64_t)failures) : INT64_MAX;
    });
}

LAW(law_normal)
{
    (void)a, (void)b;
    for (int64_t start = 0; start < m; start += CHUNK) {
        uint64_t words[CHUNK];
        double variates[CHUNK];
        const int64_t count = LF_MIN(CHUNK, m - start);
        const int64_t pairs = (count + 2 * LF_LANES - 1) / (2 * LF_LANES);
        lf_stream_words(stream, 2 * pairs, words);
        normals(2 * LF_LANES * pairs, words, variates);
        memcpy(&out[start], variates, (size_t)count * sizeof *variates);
    }
}

/* ---------------------------------------------------------------- from a source, one by one */

#define REFILL 64 /* a multiple of two steps */

typedef struct {
    lf_stream *stream;
    int normals_left, exponentials_left;
    double normal[REFILL], exponential[REFILL];
} lf_source;

static void source_open(lf_source *source, lf_stream *stream)
{
    source->stream = stream;
    source->normals_left = source->exponentials_left = 0;
}

static inline double next_normal(lf_source *source)
{
    if (!source->normals_left) {
        uint64_t words[REFILL];
        lf_stream_words(source->stream, REFILL / LF_LANES, words);
        normals(REFILL, words, source->normal);
        source->normals_left = REFILL;
    }
    return source->normal[REFILL - source->normals_left--];
}

static inline double next_exponential(lf_source *source)
{
    if (!source->exponentials_left) {
        uint64_t words[REFILL];
        lf_stream_words(source->stream, REFILL / LF_LANES, words);
        for (int i = 0; i < REFILL; i++)
            source->exponential[i] = exponential(words[i]);
        source->exponentials_left = REFILL;
    }
    return source->exponential[REFILL - source->exponentials_left--];
}

/* Gamma of shape >= 1 by Marsaglia and Tsang, ACM TOMS 26 (2000) 363: d (1 + c N)^3, kept when an
 * exponential exceeds minus the logarithm of the acceptance probability. */
static double gamma_from_one(lf_source *source, double shape)
{
    const double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double x = next_normal(source), root = lf_fma(c, x, 1.0);
        if (root <= 0)
            continue;
        const double v = root * root * root;
        if (next_exponential(source) > -(0.5 * x * x + d * (1.0 - v + lf_log(v))))
            return d * v;
    }
}

/* ln of a gamma variate. Below shape 1, G(a) = G(a+1) U^(1/a): its logarithm is finite where the
 * variate itself is below the smallest double. */
static double log_gamma(lf_source *source, double shape)
{
    if (shape >= 1)
        return lf_log(gamma_from_one(source, shape));
    const double larger = gamma_from_one(source, shape + 1);
    /* of a smaller shape the logarithm itself would overflow */
    return lf_log(larger) - next_exponential(source) / fmax(shape, 1e-300);
}

static double gamma_variate(lf_source *source, double shape)
{
    if (shape >= 1)
        return gamma_from_one(source, shape);
    if (shape == 0)
        return 0;
    return lf_exp(log_gamma(source, shape));
}

LAW(law_gamma)
{
    (void)b;
    lf_source source;
    source_open(&source, stream);
    for (int64_t i = 0; i < m; i++)
        out[i].real = gamma_variate(&source, a.value[i * a.step]);
}

/* N / sqrt(G(df/2) / (df/2)), through logarithms: at small df the gamma variate underflows. */
LAW(law_student_t)
{
    (void)b;
    lf_source source;
    source_open(&source, stream);
    for (int64_t i = 0; i < m; i++) {
        const double shape = 0.5 * a.value[i * a.step], x = next_normal(&source);
        out[i].real =
            shape < INFINITY ? x * lf_exp(0.5 * (lf_log(shape) - log_gamma(&source, shape))) : x;
    }
}

/* G(a) / (G(a) + G(b)), through logarithms. */
LAW(law_beta)
{
    lf_source source;
    source_open(&source, stream);
    for (int64_t i = 0; i < m; i++) {
        const double log_a = log_gamma(&source, a.value[i * a.step]);
        const double log_b = log_gamma(&source, b.value[i * b.step]);
        out[i].real = log_a < log_b ? lf_exp(log_a - log_b) / (1 + lf_exp(log_a - log_b))
                                    : 1 / (1 + lf_exp(log_b - log_a));
    }
}

/* ---------------------------------------------------------------- binomial */

/* ln n! - Stirling's main part: ln n! = (n + 1/2) ln n - n + ln(2 pi)/2 + this. */
static double stirling_rest(double n)
{
    static const double exact[16] = {0.0, /* not used */
                                     8.106146679532725822e-02,
                                     4.134069595540929409e-02,
                                     2.767792568499833915e-02,
                                     2.079067210376509311e-02,
                                     1.664469118982119216e-02,
                                     1.387612882307074800e-02,
                                     1.189670994589177010e-02,
                                     1.041126526197209650e-02,
                                     9.255462182712732918e-03,
                                     8.330563433362871256e-03,
                                     7.573675487951840795e-03,
                                     6.942840107209529866e-03,
                                     6.408994188004207068e-03,
                                     5.951370112758847736e-03,
                                     5.554733551962801371e-03};
    if (n < 16)
        return exact[(int)n];
    const double z = 1 / (n * n);
    return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / n;
}

/* x ln(x/y) + y - x without cancellation near x = y (Loader, 2000). */
static double deviance(double x, double y)
{
    const double d = x - y;
    if (fabs(d) >= 0.1 * (x + y))
        return x * lf_log(x / y) - d;
    const double v = d / (x + y), z = v * v;
    double term = 2 * x * v, sum = d * v;
    for (int j = 3; j < 60; j += 2) { /* z < 0.01: done long before */
        term *= z;
        const double next = sum + term / j;
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

/* ln of the binomial probability of k, plus ln(2 pi)/2 and less what depends on (n, p) alone. */
static double log_binomial(double k, double n, double p)
{
    if (k == 0 || k == n) { /* p^n or q^n, against the Stirling form of the others */
        const double log_power = k == 0 ? n * lf_log1p(-p) : n * lf_log(p);
        return log_power + 0.91893853320467274178 - stirling_rest(n);
    }
    return -stirling_rest(k) - stirling_rest(n - k) - deviance(k, n * p) -
           deviance(n - k, n * (1 - p)) - 0.5 * lf_log(k * ((n - k) / n));
}

/* n p < 10: the sum of probabilities passes a uniform. */
static double binomial_by_inversion(lf_source *source, double n, double p)
{
    const double odds = p / (1 - p), none = lf_exp(n * lf_log1p(-p));
    for (;;) {
        double u = lf_exp(-next_exponential(source)), probability = none;
        for (double k = 0; k <= n && k < 200; k++) {
            if (u <= probability)
                return k;
            u -= probability;
            probability *= odds * ((n - k) / (k + 1));
        }
        /* rounding left a rest above the whole sum: draw again */
    }
}

/* n p >= 10, p <= 1/2: transformed rejection, BTRS of Hormann, J. Stat. Comput. Simul. 46 (1993)
 * 101. The exact test is made on differences of log-probabilities. */
static double binomial_by_rejection(lf_source *source, double n, double p)
{
    const double q = 1 - p, spread = sqrt(n * p * q);
    const double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double center = n * p + 0.5, v_r = 0.92 - 4.2 / b;
    const double alpha = (2.83 + 5.1 / b) * spread, mode = floor((n + 1) * p);
    const double at_mode = log_binomial(mode, n, p);
    for (;;) {
        const double u = lf_exp(-next_exponential(source)) - 0.5;
        const double e = next_exponential(source), v = lf_exp(-e);
        const double us = 0.5 - fabs(u);
        const double k = floor((2 * a / us + b) * u + center);
        if (us >= 0.07 && v <= v_r)
            return k;
        if (!(k >= 0 && k <= n))
            continue;
        if (lf_log(alpha / (a / (us * us) + b)) - e <= log_binomial(k, n, p) - at_mode)
            return k;
    }
}

static double binomial_to_half(lf_source *source, double n, double p)
{
    if (n == 0 || p == 0)
        return 0;
    return n * p < 10 ? binomial_by_inversion(source, n, p) : binomial_by_rejection(source, n, p);
}

LAW(law_binomial)
{
    lf_source source;
    source_open(&source, stream);
    for (int64_t i = 0; i < m; i++) {
        const double n = a.value[i * a.step], p = b.value[i * b.step];
        const double k =
            p <= 0.5 ? binomial_to_half(&source, n, p) : n - binomial_to_half(&source, n, 1 - p);
        out[i].integer = (int64_t)k;
    }
}

/* ---------------------------------------------------------------- the table */

lf_law_block *LF_NAME(law_block)(lf_law law)
{
    static lf_law_block *const table[LF_LAW_COUNT] = {
        [LF_UNIFORM] = law_uniform,     [LF_UNIFORM_FLOAT] = law_uniform_float,
        [LF_NORMAL] = law_normal,       [LF_EXPONENTIAL] = law_exponential,
        [LF_GAMMA] = law_gamma,         [LF_STUDENT_T] = law_student_t,
        [LF_PARETO] = law_pareto,       [LF_BETA] = law_beta,
        [LF_GEOMETRIC] = law_geometric, [LF_BINOMIAL] = law_binomial,
    };
    return table[law];
}
