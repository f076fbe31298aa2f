/* Integrals of s^c (1-s)^f against a law of s = m v on [0, m], where v is Beta(a, b), or
 * Kumaraswamy with v^a = w and w Beta(1, b).
 *
 * They are taken over x = ln(v / (1-v)), or for Kumaraswamy with a > 1 over x = ln(w / (1-w)), by
 * the trapezoidal rule: the integrand is analytic for |Im x| < pi/2, has one peak, and falls
 * exponentially on both sides, so that a step of 0.65 standard deviations of the peak, or 0.2 where
 * it is wide, leaves an error near a rounding. (Where m < 1 bounds s short of c/n the fall may be
 * that of exp(-e^(-2x)), analytic for |Im x| < pi/4 only, and the step is less.) From the peak the
 * sum goes outwards until nothing is left to add, or until the integrand is a pure exponential in
 * x, whose remaining terms form a geometric series. */
#include "core/vecmath.h"
#include "passk/kernels.h"

#define LANES 16      /* nodes between two looks at what is left */
#define BLOCKS 1024   /* of them at most on one side: more than any law needs */
#define NOTHING 1e-20 /* a share of the sum that may be lost at an end of it */
#define PURE 1e-17    /* what is neglected beside 1 where the integrand becomes an exponential */
#define PEAK_STEP 0.65
#define WIDE_STEP 0.2
#define TINY 1e-290 /* stands for factors that would underflow */
#define REACH 700.0 /* bound of exponents that are not to overflow */

/* The variable: BETA and KUMARASWAMY are asked for, the latter in v where a <= 1, else in w. */
enum { BETA, KUMARASWAMY, KUMARASWAMY_W };

/* Over the law of s: s^c (1-s)^f, with its derivatives; (1-s)^f and the mean of -ln(1-s) under that
 * weight; 1 - (1-s)^f; and for KUMARASWAMY, whose left tail is too long for sums where c = 0 and a
 * is small, -ln(1-s) (1-s)^f, and (1-s)^f from the distribution function of v, by parts. */
enum { LIKELIHOOD, MEAN, PASS, SLOPE, FAIL };

typedef struct {
    double a, b, m, rest; /* rest = 1 - m */
    /* Beta: ln of a^a b^b / (a+b)^(a+b) / B(a, b), E ln v and E ln(1-v) */
    double log_peak, mean_a, mean_b;
} lf_mixture_law;

typedef struct {
    lf_mixture_law law;
    double c, f, center, width;
    double turn;      /* how far the fall of (1-s)^f is from an exponential's at the peak, 0 to 1 */
    double log_scale; /* ln of the integrand at the center, or of what it is summed in units of */
    double unit;      /* 1 over the factor that SLOPE or PASS puts before it, at the center */
    /* Beta: of v and 1 - v the smaller is z at the center; power goes with it, powers is the sum */
    int flipped;
    double z, power, powers, v, u, fail;
} lf_mixture_pair;

/* Terms, what is averaged with them as weights, ln of the integrand without the factor of SLOPE and
 * PASS, and ln(1 - s). */
typedef struct {
    double term[LANES], one[LANES], two[LANES], three[LANES], level[LANES], log_fail[LANES];
} lf_mixture_nodes;

/* e^x and 1 - e^x, each to a few roundings, for -REACH <= x <= REACH. */
static inline double exp_and_rest(double x, double *rest)
{
    double n;
    const double p = lf_exp_parts(x, &n), power = (1.0 + p) * lf_pow2(n);
    *rest = n == 0 ? -p : 1.0 - power;
    return power;
}

/* ln(1 - q), where 1 - q is given too and is the more accurate above q = 1/2. */
static inline double log_rest(double q, double rest)
{
    const double u = 1.0 - q;
    rest = q < 0.5 ? u : rest;
    return lf_log_of_sum(rest > DBL_MIN ? rest : DBL_MIN, q < 0.5 ? (1.0 - u) - q : 0.0);
}

/* Terms from levels. */
static inline void weigh(const lf_mixture_pair *p, int what, double zero, lf_mixture_nodes *nodes)
{
    const double f = p->f, unit = p->unit;
#pragma omp simd
    for (int i = 0; i < LANES; i++)
        nodes->term[i] = lf_exp(nodes->level[i] - zero);
    if (what == SLOPE) {
#pragma omp simd
        for (int i = 0; i < LANES; i++)
            nodes->term[i] *= unit * -nodes->log_fail[i];
    } else if (what == PASS) {
#pragma omp simd
        for (int i = 0; i < LANES; i++)
            nodes->term[i] *= unit * -lf_expm1(f * nodes->log_fail[i]);
    }
}

/* The nodes at distances first, first + step, ... from the center. Levels are relative to it. */
static inline void beta_nodes(const lf_mixture_pair *p, int what, double first, double step,
                              lf_mixture_nodes *nodes)
{
    const double m = p->law.m, rest = p->law.rest, z = p->z, far = 1.0 - z;
    const double f = what == PASS ? 0.0 : p->f, power = p->power, powers = p->powers;
    const double sign = p->flipped ? -1.0 : 1.0, in_near = !p->flipped, in_far = p->flipped;
    const double fail_there = p->fail, change = -sign * m * z * far / fail_there;
    double *log_near = p->flipped ? nodes->two : nodes->one;
    double *log_far = p->flipped ? nodes->one : nodes->two;
    double chance[LANES], fail[LANES];
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        double e = sign * (first + i * step), shrink;
        e = e > REACH ? REACH : e;
        e = e < -REACH ? -REACH : e;
        const double grow = exp_and_rest(e, &shrink), add = -z * shrink, sum = 1.0 + add;
        const double log_sum = lf_log_of_sum(sum, add - (sum - 1.0));
        const double near_end = z * grow / sum, far_end = far / sum;
        const double v = in_near * near_end + in_far * far_end;
        chance[i] = v;
        fail[i] = rest + m * (in_near * far_end + in_far * near_end);
        const double y = -change * shrink / sum, ratio = 1.0 + y;
        double direct = fail[i] / fail_there;
        direct = y > -0.5 ? ratio : direct;
        direct = direct > DBL_MIN ? direct : DBL_MIN;
        const double lost = y > -0.5 ? y - (ratio - 1.0) : 0.0;
        nodes->level[i] = power * e - powers * log_sum + f * lf_log_of_sum(direct, lost);
        log_near[i] = e - log_sum;
        log_far[i] = -log_sum;
    }
#pragma omp simd
    for (int i = 0; i < LANES; i++)
        nodes->three[i] = chance[i] / (fail[i] > DBL_MIN ? fail[i] : DBL_MIN);
    if (what != LIKELIHOOD) {
#pragma omp simd
        for (int i = 0; i < LANES; i++)
            nodes->log_fail[i] = log_rest(m * chance[i], fail[i]);
    }
    if (what == MEAN) {
#pragma omp simd
        for (int i = 0; i < LANES; i++)
            nodes->one[i] = -nodes->log_fail[i];
    }
    weigh(p, what, 0, nodes);
}

static inline void kumaraswamy_nodes(const lf_mixture_pair *p, int in_w, int what, double first,
                                     double step, lf_mixture_nodes *nodes)
{
    const double a = p->law.a, b = p->law.b, m = p->law.m, rest = p->law.rest, c = p->c;
    const double f = what == PASS ? 0.0 : p->f, log_b = lf_log(b), center = p->center;
    const double power = in_w ? b : b - 1.0, high_power = !in_w;
    double log_v[LANES], log_w[LANES], log_w_rest[LANES], log_high[LANES], odds[LANES], low[LANES],
        high[LANES], other[LANES], other_rest[LANES];
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        /* the logistic function of x, 1 less it, and their logarithms */
        const double x = center + (first + i * step);
        const double t = lf_exp(x > 0 ? -x : x), both = lf_log1p(t), share = 1.0 / (1.0 + t);
        low[i] = x > 0 ? share : t * share;
        high[i] = x > 0 ? t * share : share;
        log_v[i] = x > 0 ? -both : x - both;
        log_high[i] = x > 0 ? -x - both : -both;
    }
    if (in_w)
        memcpy(log_w, log_v, sizeof log_w);
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        const double log_other = in_w ? log_v[i] / a : log_v[i] * a;
        other[i] = exp_and_rest(log_other > -REACH ? log_other : -REACH, &other_rest[i]);
        (in_w ? log_v : log_w)[i] = log_other;
    }
    const double *v = in_w ? other : low, *u = in_w ? other_rest : high;
    const double *w = in_w ? low : other, *w_rest = in_w ? high : other_rest;
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        const double fail = rest + m * u[i];
        nodes->log_fail[i] = log_rest(m * v[i], fail);
        nodes->three[i] = v[i] / (fail > DBL_MIN ? fail : DBL_MIN);
        log_w_rest[i] = log_rest(w[i], w_rest[i]);
        odds[i] = w[i] / (w_rest[i] > DBL_MIN ? w_rest[i] : DBL_MIN);
    }
    if (in_w) /* to all digits */
        memcpy(log_w_rest, log_high, sizeof log_w_rest);
    if (what == FAIL) {
#pragma omp simd
        for (int i = 0; i < LANES; i++) {
            const double log_none = b * log_w_rest[i], none = lf_exp(log_none);
            const int linear = w[i] < TINY; /* it may be 0, its logarithm not */
            const double some = linear ? 1.0 : -lf_expm1(log_none);
            const double log_some = linear ? log_b + log_w[i] : lf_log(some);
            nodes->level[i] = log_some + (f - 1.0) * nodes->log_fail[i] + log_v[i] + log_high[i];
            nodes->one[i] = linear ? log_w[i] : b * (log_w[i] * odds[i]) * (none / some);
            nodes->two[i] = linear ? 1.0 : -log_none * (none / some);
        }
    } else {
#pragma omp simd
        for (int i = 0; i < LANES; i++) {
            nodes->level[i] = log_w[i] + power * log_w_rest[i] + high_power * log_high[i] +
                              c * log_v[i] + f * nodes->log_fail[i];
            nodes->one[i] =
                what == MEAN ? -nodes->log_fail[i] : log_w[i] * (1.0 - (b - 1.0) * odds[i]);
            nodes->two[i] = log_w_rest[i];
        }
    }
    weigh(p, what, p->log_scale, nodes);
}

static inline void law_nodes(const lf_mixture_pair *p, int kind, int what, double first,
                             double step, lf_mixture_nodes *nodes)
{
    if (kind == BETA)
        beta_nodes(p, what, first, step, nodes);
    else
        kumaraswamy_nodes(p, kind == KUMARASWAMY_W, what, first, step, nodes);
}

/* The peak of v^a (1-v)^b (1-mv)^f over x = ln(v / (1-v)): v and u = 1 - v, from the quadratic that
 * the derivative is, without cancellation. Returns minus the second derivative of the logarithm. */
static double beta_peak(double a, double b, double f, double m, double rest, double *v, double *u)
{
    const double all = a + b + f;
    a /= all;
    b /= all;
    f /= all;
    const double p = a + b + m * (a + f), q = (a + b) * rest - m * (b + f);
    const double root = sqrt(q * q + 4.0 * m * b * rest);
    *v = 2.0 * a / (p + root);
    *u = q > 0 ? 2.0 * b * rest / (q + root) : (root - q) / (2.0 * m);
    return all * root * *v * *u / (rest + m * *u);
}

/* x of a v or w that is given by its logarithm. */
static double logit_of_log(double log_v)
{
    return log_v < 0 ? log_v - log(-expm1(log_v)) : REACH;
}

/* The peak of w^share (1-w)^b (1-mv)^f over ln(w / (1-w)), v = w^(1/a), as x: where
 * b w/(1-w) + (f m/a) v/(1-mv) = share. Returns minus the second derivative in x there. */
static double kumaraswamy_peak(int in_w, double share, double b, double f,
                               const lf_mixture_law *law, double *peak, double *turn)
{
    const double a = law->a, m = law->m, rest = law->rest;
    /* Right of both terms' own solutions the sum is above the share, and below twice that. */
    const double log_w = -log1p(b / share), bare = share * a / (f * m);
    double x = in_w ? log(share / b) : logit_of_log(log_w / a), low = -INFINITY, slope = 1;
    if (f > 0 && bare * rest < 1) {
        const double u = (1.0 - bare * rest) / (1.0 + m * bare);
        const double log_v = u < 0.5 ? log1p(-u) : log(bare / (1.0 + m * bare));
        const double other = in_w ? logit_of_log(a * log_v) : log(bare / (1.0 - bare * rest));
        x = other < x ? other : x;
    }
    double high = x;
    for (int i = 0; i < 60; i++) {
        const double t = exp(-fabs(x)), near = 1.0 / (1.0 + t), far = t * near;
        const double log_x = x > 0 ? -log1p(t) : x - log1p(t);
        const double other = in_w ? log_x / a : log_x * a;
        const double v = in_w ? exp(other) : x > 0 ? near : far;
        const double u = in_w ? -expm1(other) : x > 0 ? far : near;
        const double w = in_w ? (x > 0 ? near : far) : exp(other);
        const double w_rest = in_w ? (x > 0 ? far : near) : -expm1(other);
        const double fail = rest + m * u, odds = b * w / w_rest, bias = f * m / a * v / fail;
        const double speed = in_w ? 1.0 : a * u / w_rest; /* of ln(w / (1-w)) with x */
        slope = speed * (odds + bias * w_rest / (a * fail));
        const double excess = log((odds + bias) / share);
        *peak = x;
        *turn = 1.0 - odds / (odds + bias * w_rest / (a * fail));
        *turn *= 1.0 - u / fail;
        slope *= speed * w_rest;
        if (!(fabs(excess) > 1e-6) || !(slope > 0))
            break;
        if (excess > 0)
            high = x;
        else
            low = x;
        x -= excess * (odds + bias) * speed * w_rest / slope;
        if (!(x <= high))
            x = low > -INFINITY ? 0.5 * (low + high) : high;
        if (x < low)
            x = 0.5 * (low + high);
    }
    return slope;
}

static double clip(double x, double low, double high)
{
    return x > high ? high : x < low ? low : x;
}

/* a d - (a+b) ln(1 + z (e^d - 1)), z = a / (a+b): what the law's own peak loses over a distance d.
 * Near 0 it is of second order, which the series keep. */
static double fall(double a, double both, double d)
{
    const double y = a / both * expm1(d);
    if (fabs(d) > 1)
        return a * d - both * log1p(y);
    double curve = 0, power = 0;
    for (int j = 18; j >= 2; j--) /* e^d - 1 - d */
        curve = d / j * (j == 2 ? d : 1.0) * (1.0 + curve);
    double less = log1p(y) - y;
    if (fabs(y) < 0.3) {
        const double r = y / (2.0 + y), z = r * r;
        for (int j = 21; j >= 3; j -= 2) /* 2 atanh r - 2 r */
            power = z * (1.0 / j + power);
        less = r * (2.0 * power - y);
    }
    return -a * curve - both * less;
}

static void place_beta(lf_mixture_pair *p, int what)
{
    const double a = p->law.a, b = p->law.b, m = p->law.m, rest = p->law.rest, f = p->f;
    const double own = log(a / b), share = a + p->c;
    double v, u, curve, shift;
    if (what == PASS) {
        shift = clip(-log(f * m) - own, 0, log1p(1.0 / a));
        curve = (a + 1.0) * b / (a + 1.0 + b) + 0.5;
    } else {
        curve = beta_peak(share, b, f, m, rest, &v, &u);
        shift = log(v / u) - own;
        const double fail = rest + m * u, steep = f * m * u / fail * (u / fail);
        p->turn = steep / (b + steep) * (1.0 - u / fail);
    }
    shift = clip(shift, -REACH, REACH);
    /* v and u follow the rounded shift, so that the law's fall is that of the same point. */
    const double move = exp(-fabs(shift));
    v = shift > 0 ? a / (a + b * move) : a * move / (b + a * move);
    u = shift > 0 ? b * move / (a + b * move) : b / (b + a * move);
    p->center = own + shift;
    p->width = 1.0 / sqrt(curve);
    p->flipped = v > u;
    p->z = p->flipped ? u : v;
    p->power = p->flipped ? b : a + p->c;
    p->powers = a + p->c + b;
    p->v = v;
    p->u = u;
    p->fail = rest + m * u;
    const double log_fail = m * v < 0.5 ? log1p(-m * v) : log(p->fail);
    const double factor = what == PASS ? fmax(-expm1(f * log_fail), TINY) : 1.0;
    p->unit = 1.0 / factor;
    p->log_scale = p->law.log_peak + (a < b ? fall(a, a + b, shift) : fall(b, a + b, -shift));
    p->log_scale += log(factor) + (what == PASS ? 0 : f * log_fail);
    if (p->c > 0)
        p->log_scale += p->c * (log(m) + (p->flipped ? log1p(-u) : log(v)));
}

static void place_kumaraswamy(lf_mixture_pair *p, int in_w, int what)
{
    const lf_mixture_law *law = &p->law;
    const double a = law->a, b = law->b, m = law->m, f = p->f;
    double curve, x;
    if (what != PASS && what != FAIL) {
        curve = kumaraswamy_peak(in_w, 1.0 + (p->c + (what == SLOPE)) / a, b, f, law, &x, &p->turn);
    } else {
        /* The factor 1 - (1-s)^f, or the distribution function, turns from power to constant. */
        double low, high, v, u;
        const double log_turn = what == PASS ? -log(f * m) : -log(b) / a; /* of v */
        x = logit_of_log(in_w ? a * log_turn : log_turn);
        if (what == PASS) {
            kumaraswamy_peak(in_w, 1.0, b, 0, law, &low, &p->turn);
            kumaraswamy_peak(in_w, 1.0 + 1.0 / a, b, 0, law, &high, &p->turn);
        } else {
            beta_peak(1.0, 1.0, fmax(f - 1.0, 0), m, law->rest, &v, &u);
            low = log(v / u);
            beta_peak(1.0 + a, 1.0, fmax(f - 1.0, 0), m, law->rest, &v, &u);
            high = log(v / u);
        }
        x = clip(x, low, high);
        curve = 1;
        p->turn = 0;
    }
    p->center = x;
    p->width = 1.0 / sqrt(curve);
    p->log_scale = 0;
    p->unit = 1;
    lf_mixture_nodes nodes;
    kumaraswamy_nodes(p, in_w, what, 0, 0, &nodes);
    p->log_scale = nodes.level[0];
    const double factor = what == SLOPE  ? -nodes.log_fail[LANES - 1]
                          : what == PASS ? -expm1(f * nodes.log_fail[LANES - 1])
                                         : 1.0;
    p->unit = 1.0 / fmax(factor, TINY);
}

/* Adds one side's terms, and their products with what is averaged, to sums. */
static inline void add_side(const lf_mixture_pair *p, int kind, int what, int right, double step,
                            double *sums)
{
    const double b = p->law.b, m = p->law.m, rest = p->law.rest, f = p->f;
    const double share = p->law.a + p->c;          /* at least the power on the left */
    const double power = f + (what != LIKELIHOOD); /* ln(1-s) bends as (1-s)^1 does */
    const double bend = share + b + (right && rest > 0 ? power * m / rest : power);
    double pure = (right ? -p->center : p->center) + log(bend / PURE);
    if (!right && (kind != BETA || what == PASS))
        pure = INFINITY; /* it falls as e^x, at least */
    lf_mixture_nodes nodes;
    for (int block = 0; block < BLOCKS; block++) {
        const double first = (block * LANES + !right) * step;
        law_nodes(p, kind, what, right ? first : -first, right ? step : -step, &nodes);
        double total = 0, one = 0, two = 0, three = 0;
#pragma omp simd reduction(+ : total, one, two, three)
        for (int i = 0; i < LANES; i++) {
            total += nodes.term[i];
            one += nodes.term[i] * nodes.one[i];
            two += nodes.term[i] * nodes.two[i];
            three += nodes.term[i] * nodes.three[i];
        }
        sums[0] += total;
        sums[1] += one;
        sums[2] += two;
        sums[3] += three;
        const double last = nodes.term[LANES - 1], ratio = nodes.three[LANES - 1];
        if (!(last > NOTHING * sums[0] || last * ratio > NOTHING * sums[3]))
            return;
        if (first + (LANES - 1) * step < pure)
            continue;
        /* Each further term is e^(-rate step) times the one before. */
        const double kept = rest > 0 ? 0 : f; /* the power of 1 - v in (1-s)^f */
        const double rate = !right         ? share
                            : what == FAIL ? (rest > 0 ? 1.0 : f)
                                           : b + (what == PASS ? 0 : kept);
        const double series = 1.0 / expm1(rate * step), moment = step * series * (1.0 + series);
        const double log_fail = nodes.log_fail[LANES - 1];
        double more = series;
        if (what == SLOPE && rest == 0) /* ln(1-s) changes by a step */
            more += moment / -log_fail;
        if ((what == PASS || what == FAIL) && rest == 0) {
            /* 1 - e^z, where z falls by a step times f, or b */
            const double fall_rate = what == PASS ? f : b;
            const double z = fall_rate * (log_fail + (what == PASS ? 0 : log(p->law.a)));
            const double all = -expm1(-(rate + fall_rate) * step);
            if (z < 0)
                more += series * (-expm1(-fall_rate * step) / all / expm1(-z));
        }
        sums[0] += last * more;
        sums[1] += last * nodes.one[LANES - 1] * series;
        if (what == MEAN ? right && rest == 0 : !right)
            sums[1] += what == MEAN ? last * moment : -last * moment;
        sums[2] += last * nodes.two[LANES - 1] * series - (right ? last * moment : 0);
        if (right && f > 0)
            sums[3] += last * ratio *
                       (rest > 0   ? series
                        : rate > 1 ? 1.0 / expm1((rate - 1.0) * step)
                                   : INFINITY);
        return;
    }
}

static inline void integrate(lf_mixture_pair *p, int kind, int what, double *out, int64_t stride)
{
    const lf_mixture_law *law = &p->law;
    const double m = law->m, rest = law->rest, c = p->c, f = p->f;
    double sums[4] = {0};
    if (kind == BETA)
        place_beta(p, what);
    else
        place_kumaraswamy(p, kind == KUMARASWAMY_W, what);
    const double step = 1.0 / hypot(1.0 / (PEAK_STEP * p->width), (1.0 + p->turn) / WIDE_STEP);
    add_side(p, kind, what, 1, step, sums);
    add_side(p, kind, what, 0, step, sums);
    double total = p->log_scale - (kind == BETA ? 0 : log(p->unit)) + log(step * sums[0]);
    const double one = sums[1] / sums[0], two = sums[2] / sums[0], three = sums[3] / sums[0];
    double in_a, in_b, in_m;
    if (what == FAIL) {
        /* (1-m)^f is what is beyond m; the other part is an integral over v of the rest. */
        total += log(f * m);
        const double beyond = rest > 0 ? f * log(rest) : -INFINITY;
        const double sum = fmax(total, beyond) + log1p(exp(-fabs(total - beyond)));
        const double share = exp(total - sum);
        in_a = share * one;
        in_b = share * two;
        in_m = share * (1.0 - (f == 1 ? 0 : (f - 1.0) * m * three));
        in_m -= rest > 0 ? exp(beyond - sum) * f * m / rest : f == 1 ? exp(-sum) : 0;
        total = sum;
    } else if (what == MEAN) {
        in_a = one;
        in_b = in_m = 0;
        total += kind == BETA ? 0 : log(law->b);
    } else if (kind == BETA) {
        in_a = law->a * ((p->flipped ? log1p(-p->u) : log(p->v)) + one - law->mean_a);
        in_b = law->b * ((p->flipped ? log(p->u) : log1p(-p->v)) + two - law->mean_b);
        in_m = c - (f > 0 ? f * m * three : 0);
    } else {
        total += log(law->b) + (kind == KUMARASWAMY ? log(law->a) : 0) + (c > 0 ? c * log(m) : 0);
        in_a = 1.0 + one;
        in_b = 1.0 + law->b * two;
        in_m = c - (f > 0 ? f * m * three : 0);
    }
    out[0] = total;
    out[stride] = in_a;
    out[2 * stride] = in_b;
    out[3 * stride] = in_m;
}

/* out[0, i] = ln of the integral that `what` names, for powers c[i], f[i]; out[1..3, i] for
 * LIKELIHOOD and FAIL its derivatives in ln a, ln b and ln m; out[1, i] for MEAN the mean.
 * IN   law (7,): a, b, m, 1 - m, and the three of Beta's; c, f (n,) >= 0, not both 0: only
 *      LIKELIHOOD has c > 0, for KUMARASWAMY always where a <= 1; SLOPE and FAIL are of that alone
 * OUT  out (4, n) */
lf_status LF_NAME(mixture)(int kind, int what, const double *law, int64_t n, const double *c,
                           const double *f, double *out)
{
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic, 4) num_threads(lf_team(n / 4))
    for (int64_t i = 0; i < n; i++) {
        if (lf_poll(&status))
            continue;
        lf_mixture_pair pair = {.c = c[i], .f = f[i]};
        memcpy(&pair.law, law, sizeof pair.law);
        if (kind == BETA) {
            if (what == LIKELIHOOD)
                integrate(&pair, BETA, LIKELIHOOD, out + i, n);
            else
                integrate(&pair, BETA, what, out + i, n);
        } else if (pair.law.a <= 1)
            integrate(&pair, KUMARASWAMY, what, out + i, n);
        else
            integrate(&pair, KUMARASWAMY_W, what, out + i, n);
    }
    return status;
}
