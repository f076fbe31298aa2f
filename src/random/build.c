/* Builds the tables of quantile functions.
 *
 * With s = ln v, v the probability beyond x on the side of the table, and q = dx/ds up to its sign,
 * the density f of the law gives q = v / f(x) and
 *
 *     x' = sign q,     q' = q (1 - sign q g(x)),     g = f'/f,
 *
 * where g is a rational function of x (or of its logarithm's or logit's series): the coefficients
 * of the Taylor series of x(s) follow one from the other. The march goes from the far tail, where
 * Python gives x and q, to the middle: an error in v made on the way stays as large as it was while
 * v doubles with each octave, so the march forgets it. A step is as long as the series allows, an
 * octave or a 2^-j part of one. Each cell then takes the cubic through four values of the series,
 * at the zeros of the Chebyshev polynomial of degree 4, and is checked at its center, where the
 * error is largest. */
#include "core/vecmath.h"
#include "random/random.h"
#include "random/table.h"

#define TERMS 20
#define NODES 5                    /* of a cell: four zeros, and the center */
#define OCTAVE 0.69314718055994531 /* of v, in s */
#define STEP_TOLERANCE 1e-13       /* of v, relative */

/* Positions of the nodes in a cell of width 2, from its center. */
static const double node[NODES] = {-0.92387953251128675613, -0.38268343236508977173,
                                   0.38268343236508977173, 0.92387953251128675613, 0.0};

/* sum_i a[i] b[k-i] */
static inline double convolve(const double *a, const double *b, int k)
{
    double sum = 0;
    for (int i = 0; i <= k; i++)
        sum += a[i] * b[k - i];
    return sum;
}

/* The series of x and of q about the point where they are x0 and q0, in powers of s.
 * The density is that of ln x for gamma, of logit x for beta (so that x spans all its
 * orders of magnitude), and of x itself for Student's t. Returns the degree: as many as an octave
 * needs, at most TERMS. */
static int series(const lf_side *side, double x0, double q0, double *restrict x, double *restrict q)
{
    double g[TERMS + 1], h[TERMS + 1], u[TERMS + 1];
    const double sign = side->sign;
    double power = 1;
    int smalls = 0;
    x[0] = x0;
    q[0] = q0;
    for (int k = 0; k < TERMS; k++) {
        switch (side->family) {
        case LF_FAMILY_GAMMA: /* x' = x y', g = a - x */
            g[k] = (k ? 0 : side->a) - x[k];
            x[k + 1] = sign * convolve(x, q, k) / (k + 1);
            break;
        case LF_FAMILY_BETA: /* x' = x (1 - x) y', g = a - (a + b) x */
            g[k] = (k ? 0 : side->a) - (side->a + side->b) * x[k];
            u[k] = x[k] - convolve(x, x, k);
            x[k + 1] = sign * convolve(u, q, k) / (k + 1);
            break;
        default: /* Student: u = 1 + x^2 / df, g = -(1 + 1/df) x / u */
            u[k] = (k ? 0 : 1) + side->a * convolve(x, x, k);
            g[k] = -(1 + side->a) * x[k];
            for (int i = 1; i <= k; i++)
                g[k] -= u[i] * g[k - i];
            g[k] /= u[0];
            x[k + 1] = sign * q[k] / (k + 1);
        }
        h[k] = convolve(q, g, k);
        q[k + 1] = (q[k] - sign * convolve(q, h, k)) / (k + 1);
        power *= OCTAVE;
        const int small = fabs(x[k + 1]) * power <= 0.01 * STEP_TOLERANCE * fabs(x[1]) &&
                          fabs(q[k + 1]) * power <= 0.01 * STEP_TOLERANCE * fabs(q[0]);
        smalls = small ? smalls + 1 : 0;
        if (smalls == 3)
            return k + 1;
    }
    return TERMS;
}

static inline double polynomial(const double *c, int degree, double h)
{
    double y = c[degree];
    for (int k = degree - 1; k >= 0; k--)
        y = y * h + c[k];
    return y;
}

/* Least degree from which on the terms of the series over [0, h] are below the tolerance, or
 * TERMS + 1 where the last ones are not. */
static int degree_for(const double *c, int terms, double scale, double h)
{
    double term[TERMS + 1], power = 1;
    for (int k = 0; k <= terms; k++, power *= h)
        term[k] = fabs(c[k]) * power;
    if (!(term[terms] + term[terms - 1] <= STEP_TOLERANCE * scale))
        return TERMS + 1;
    int degree = terms;
    while (degree > 3 && term[degree] <= 0.1 * STEP_TOLERANCE * scale)
        degree--;
    return degree;
}

static void transform(const lf_side *side, int n, double *x)
{
    switch (side->transform) {
    case LF_TRANSFORM_RECIPROCAL:
        for (int i = 0; i < n; i++)
            x[i] = 1 / x[i];
        break;
    case LF_TRANSFORM_POWER:
        for (int i = 0; i < n; i++)
            x[i] = lf_exp(side->c * lf_log(x[i]));
        break;
    case LF_TRANSFORM_EXPM1:
        for (int i = 0; i < n; i++)
            x[i] = lf_expm1(side->c * x[i]);
        break;
    case LF_TRANSFORM_NONE:
        break;
    }
}

/* c_0 + c_1 h + ... at many h, sixteen at a time in registers. out and h are padded to that. */
#define LANES 16
static void polynomials(const double *c, int degree, int n, const double *restrict h,
                        double *restrict out)
{
    for (int i = 0; i < n; i += LANES) {
        lf_real4 x[LANES / 4], y[LANES / 4];
        for (int l = 0; l < LANES / 4; l++) {
            x[l] = lf_load_reals(h + i + 4 * l);
            y[l] = (lf_real4){0} + c[degree];
        }
        for (int k = degree - 1; k >= 0; k--)
            for (int l = 0; l < LANES / 4; l++)
                y[l] = y[l] * x[l] + c[k];
        for (int l = 0; l < LANES / 4; l++)
            lf_store_reals(y[l], out + i + 4 * l);
    }
}

/* The cubics through f at the first four nodes of four cells, in powers of t = (half a cell) *
 * node; row[l] is that of cell l. Returns what they are off at the centers, over their slopes
 * there. */
static inline lf_real4 cubics(const lf_real4 f[NODES], lf_real4 row[4])
{
    const lf_real4 outer = f[0] + f[3], inner = f[1] + f[2];
    const lf_real4 outer_gap = f[3] - f[0], inner_gap = f[2] - f[1];
    const lf_real4 zeroth = 0.25 * (outer + inner); /* Chebyshev's coefficients */
    const lf_real4 first = 0.5 * (node[3] * outer_gap + node[2] * inner_gap);
    const lf_real4 second = 0.35355339059327376220 * (outer - inner);
    const lf_real4 third = 0.5 * (node[2] * outer_gap - node[3] * inner_gap);
    const double scale = 2.0 * LF_CELLS;
    const lf_real4 c0 = zeroth - second, c1 = (first - 3.0 * third) * scale;
    const lf_real4 c2 = second * (2 * scale * scale), c3 = third * (4 * scale * scale * scale);
    const lf_real4 c01_02 = LF_SHUFFLE(c0, c1, 0, 4, 2, 6), c01_13 = LF_SHUFFLE(c0, c1, 1, 5, 3, 7);
    const lf_real4 c23_02 = LF_SHUFFLE(c2, c3, 0, 4, 2, 6), c23_13 = LF_SHUFFLE(c2, c3, 1, 5, 3, 7);
    row[0] = LF_SHUFFLE(c01_02, c23_02, 0, 1, 4, 5);
    row[1] = LF_SHUFFLE(c01_13, c23_13, 0, 1, 4, 5);
    row[2] = LF_SHUFFLE(c01_02, c23_02, 2, 3, 6, 7);
    row[3] = LF_SHUFFLE(c01_13, c23_13, 2, 3, 6, 7);
    return (c0 - f[4]) / c1;
}

/* The larger one, NaN as the largest. */
static inline double worse(double a, double b)
{
    return a <= b ? b : b <= a ? a : NAN;
}

/* Rows of one side; the return value is the largest relative error of v at a center, infinity
 * where the march cannot be made. */
static double build_side(const lf_side *side, double rows[LF_SIDE_ROWS][4])
{
    double node_s[NODES][LF_CELLS], edge_s[LF_CELLS + 1]; /* s less that of the octave's start */
    for (int cell = 0; cell <= LF_CELLS; cell++)
        edge_s[cell] = lf_log1p((double)cell / LF_CELLS);
    for (int j = 0; j < NODES; j++)
        for (int cell = 0; cell < LF_CELLS; cell++)
            node_s[j][cell] = lf_log1p((cell + 0.5 + 0.5 * node[j]) / LF_CELLS);
    const lf_real4 scale = (lf_real4){0} + side->scale, shift = {side->shift, 0, 0, 0};
    double inverse[LF_CELLS + 4]; /* of the mantissas at the centers: ds / dm */
    for (int cell = 0; cell < LF_CELLS + 4; cell++)
        inverse[cell] = 1 / (1 + (cell + 0.5) / LF_CELLS);
    lf_word4 worst = {0};
    double x0 = side->x0, q0 = side->q0;
    for (int octave = 0; octave < LF_OCTAVES; octave++) {
        for (int cell = 0, length; cell < LF_CELLS; cell += length) {
            double x[TERMS + 1], q[TERMS + 1], h;
            int x_degree, q_degree;
            const int terms = series(side, x0, q0, x, q);
            /* the longest step that starts at a multiple of its length */
            for (length = cell ? cell & -cell : LF_CELLS;; length /= 2) {
                if (length == 0)
                    return INFINITY;
                h = edge_s[cell + length] - edge_s[cell];
                x_degree = degree_for(x, terms, fabs(x[1]), h);
                q_degree = degree_for(q, terms, fabs(q[0]), h);
                if (LF_MAX(x_degree, q_degree) <= TERMS)
                    break;
            }
            double value[NODES][LF_CELLS + LANES];
            for (int j = 0; j < NODES; j++) {
                double at[LF_CELLS + LANES];
                for (int i = 0; i < length; i++)
                    at[i] = node_s[j][cell + i] - edge_s[cell];
                for (int i = length; i < LANES; i++) /* whole vectors: the last cell again */
                    at[i] = at[length - 1];
                polynomials(x, x_degree, length, at, value[j]);
                if (side->transform != LF_TRANSFORM_NONE)
                    transform(side, length, value[j]);
            }
            for (int i = 0; i < length; i += 4) {
                lf_real4 f[NODES], row[4];
                for (int j = 0; j < NODES; j++)
                    f[j] = lf_load_reals(value[j] + i);
                const lf_real4 error = cubics(f, row) * lf_load_reals(inverse + cell + i);
                /* as integers, sizes of doubles keep their order, and NaN is the largest */
                const lf_word4 size = (lf_word4)error & (UINT64_MAX >> 1);
                const lf_word4 more = (lf_word4)(size > worst);
                worst = (size & more) | (worst & ~more);
                for (int l = 0; l < LF_MIN(4, length - i); l++)
                    lf_store_reals(shift + scale * row[l], rows[octave * LF_CELLS + cell + i + l]);
            }
            x0 = polynomial(x, x_degree, h);
            q0 = polynomial(q, q_degree, h);
        }
    }
    double *last = rows[LF_OCTAVES * LF_CELLS]; /* v = 1/2 */
    memset(last, 0, 2 * sizeof rows[0]);
    transform(side, 1, &x0);
    last[0] = side->shift + side->scale * x0;
    return worse(worse(lf_double(worst[0]), lf_double(worst[1])),
                 worse(lf_double(worst[2]), lf_double(worst[3])));
}

/* ---------------------------------------------------------------- zipf */

/* P(X = k) = k^-a / H for k = 1 .. n. As D(x) = zeta(a, x) - zeta(a, n + 1) with Hurwitz's zeta is
 * smooth and the sum of k^-a over k >= x at every integer x, the variate is the integer part of
 * the x with D(x) = v H (upper side) or D(1) - D(x) = v H (lower side). No differential equation
 * with rational coefficients has that inverse: each octave takes the Chebyshev interpolant of x(s),
 * through points found by Newton's method.
 *
 * A mass is a difference from an anchor, n + 1 (upper) or 1 (lower), by Euler and Maclaurin's
 * formula, the terms before `summed` one by one where x is small. */
#define POINTS 16
#define SUMMED 11
#define ORDERS 6   /* of Euler and Maclaurin's formula: enough from SUMMED + 1 + a on */
#define BEYOND 200 /* what lies after n < e^-BEYOND of the rest is left out: powers stay finite */

static const double euler_maclaurin[ORDERS] = {
    1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 1.0 / 47900160, -691.0 / 1307674368000};

typedef struct {
    int summed;
    double base;        /* of the anchor: its terms before `summed` */
    double y, offset;   /* where the integral starts, and that less the anchor and `summed` */
    double power, tail; /* y^(1-a), and what the formula adds to the integral from y on */
} zipf_mode;

typedef struct {
    double a, b;   /* b = 1 - a */
    double sign;   /* 1: mass from x to the anchor; -1: from the anchor to x */
    double anchor; /* x = anchor + delta */
    double rate;   /* (anchor - 1/2)^-b */
    double term[ORDERS], slope[ORDERS];
    zipf_mode mode[2]; /* x from SUMMED + 1 + a on; any x */
} zipf;

/* of each of the points */
typedef double zipf_points[POINTS];

static void zipf_anchor(zipf *z, double a, double anchor, double sign)
{
    z->a = a;
    z->b = 1 - a;
    z->sign = sign;
    z->anchor = anchor;
    z->rate = lf_exp(-z->b * lf_log(anchor - 0.5));
    double rising = a;
    for (int j = 0; j < ORDERS; j++) {
        z->term[j] = euler_maclaurin[j] * rising;
        z->slope[j] = z->term[j] * (a + 2 * j + 1);
        rising *= (a + 2 * j + 1) * (a + 2 * j + 2);
    }
    for (int i = 0; i < 2; i++) {
        zipf_mode *mode = &z->mode[i];
        /* the lower anchor, 1, is always too small for the formula */
        const int summed = i || sign < 0 ? SUMMED : 0;
        mode->summed = i ? SUMMED : 0;
        mode->offset = summed - mode->summed;
        mode->y = anchor + summed;
        mode->base = 0;
        for (int k = 0; k < summed; k++)
            mode->base -= sign * lf_exp(-a * lf_log(anchor + k));
        mode->power = lf_exp(z->b * lf_log(mode->y));
        mode->tail = mode->power / mode->y *
                     (0.5 + polynomial(z->term, ORDERS - 1, 1 / (mode->y * mode->y)) / mode->y);
    }
}

/* Masses between the anchor and x = anchor + delta, and their derivatives. */
static void zipf_masses(const zipf *z, const zipf_mode *mode, const double *restrict x,
                        const double *restrict delta, double *restrict mass,
                        double *restrict density)
{
    const double a = z->a, b = z->b;
    for (int l = 0; l < POINTS; l++) {
        const double end = x[l] + mode->summed, inverse = 1 / end, square = inverse * inverse;
        const double ratio = (delta[l] - mode->offset) / mode->y; /* end / y - 1 */
        const double near = 1 + ratio, lost = ratio - (near - 1);
        const double u = ratio > -0.5 ? near : end / mode->y;
        const double log_ratio = lf_log(u) + (ratio > -0.5 ? lost : 0) / u;
        const double growth = lf_expm1(b * log_ratio);
        const double integral = mode->power * (b == 0 ? log_ratio : growth / b);
        const double power = mode->power * (1 + growth) * inverse;
        double sum = z->term[ORDERS - 1], slope = z->slope[ORDERS - 1];
        for (int j = ORDERS - 2; j >= 0; j--) {
            sum = sum * square + z->term[j];
            slope = slope * square + z->slope[j];
        }
        mass[l] = mode->base + z->sign * (power * (0.5 + sum * inverse) - mode->tail - integral);
        density[l] = power * (1 + 0.5 * a * inverse + slope * square);
    }
    for (int k = 0; k < mode->summed; k++)
        for (int l = 0; l < POINTS; l++) {
            const double power = lf_exp(-a * lf_log(x[l] + k));
            mass[l] += z->sign * power;
            density[l] += a * power / (x[l] + k);
        }
}

/* The x with these masses. In w, the mass that the midpoint rule gives, x is explicit, and ln w is
 * so nearly linear in the logarithm of the mass that two or three steps of Newton's method do.
 * INOUT  quotient: of w and the mass, at the first point; returns whether the steps converged. */
static int zipf_solve(const zipf *z, const double *mass, double *quotient, double *restrict x,
                      double *restrict delta)
{
    const double b = z->b, middle = z->anchor - 0.5;
    zipf_points w, found, density;
    for (int l = 0; l < POINTS; l++)
        w[l] = mass[l] * *quotient;
    double step = INFINITY;
    for (int iteration = 0; iteration < 40; iteration++) {
        zipf_points slope, change; /* dln w / dx, and what ln w is off */
        for (int l = 0; l < POINTS; l++) {
            const double r = -z->sign * z->rate * w[l];
            /* (x - 1/2)^b / middle^b - 1 */
            const double grown = b * r > -1 + 0x1p-40 ? b * r : -1 + 0x1p-40;
            const double t = b == 0 ? r : lf_log1p(grown) / b;
            const double y = middle * lf_exp(t);
            x[l] = 0.5 + y;
            delta[l] = middle * lf_expm1(t);
            slope[l] = (1 + grown) / (z->rate * y * w[l]);
        }
        if (step <= 1e-7) { /* the step after it would be its square */
            *quotient = w[0] / mass[0];
            return 1;
        }
        const double least = fmin(x[0], x[POINTS - 1]);
        zipf_masses(z, &z->mode[!(least >= SUMMED + 1 + z->a)], x, delta, found, density);
        for (int l = 0; l < POINTS; l++) {
            change[l] = lf_log(found[l] / mass[l]) * (slope[l] * found[l] / density[l]);
            w[l] *= lf_exp(-change[l]);
        }
        step = 0;
        for (int l = 0; l < POINTS; l++)
            step = worse(step, fabs(change[l]));
    }
    return 0;
}

/* What all steps share. */
typedef struct {
    double cosine[POINTS][POINTS], power[POINTS][POINTS]; /* of Chebyshev's polynomials */
    double edge_s[LF_CELLS + 1], node_s[NODES][LF_CELLS]; /* as in build_side */
} zipf_fit;

static void zipf_prepare(zipf_fit *fit)
{
    memset(fit->power, 0, sizeof fit->power);
    fit->power[0][0] = fit->power[1][1] = 1;
    for (int k = 2; k < POINTS; k++)
        for (int i = 0; i < POINTS; i++)
            fit->power[k][i] = (i ? 2 * fit->power[k - 1][i - 1] : 0) - fit->power[k - 2][i];
    for (int k = 0; k < POINTS; k++)
        for (int j = 0; j < POINTS; j++) {
            const double turn = k * (2 * j + 1) % (4 * POINTS) / (4.0 * POINTS);
            double sine;
            lf_sincos_turn(turn, &sine, &fit->cosine[k][j]);
        }
    for (int cell = 0; cell <= LF_CELLS; cell++)
        fit->edge_s[cell] = lf_log1p((double)cell / LF_CELLS);
    for (int j = 0; j < NODES; j++)
        for (int cell = 0; cell < LF_CELLS; cell++)
            fit->node_s[j][cell] = lf_log1p((cell + 0.5 + 0.5 * node[j]) / LF_CELLS);
}

/* f at the zeros of a Chebyshev polynomial on [-1, 1] -> the interpolant's powers c, and its
 * degree: POINTS where the last coefficients are not small enough. */
static int zipf_interpolate(const zipf_fit *fit, const double *f, double *c)
{
    double chebyshev[POINTS];
    for (int k = 0; k < POINTS; k++) {
        double sum = 0;
        for (int j = 0; j < POINTS; j++)
            sum += f[j] * fit->cosine[k][j];
        chebyshev[k] = sum * ((k ? 2.0 : 1.0) / POINTS);
    }
    const double tolerance = 10 * STEP_TOLERANCE * fabs(chebyshev[1]);
    if (!(fabs(chebyshev[POINTS - 1]) + fabs(chebyshev[POINTS - 2]) <= tolerance))
        return POINTS;
    int degree = POINTS - 1;
    while (degree > 3 && fabs(chebyshev[degree]) <= 0.03 * tolerance)
        degree--;
    memset(c, 0, POINTS * sizeof *c);
    for (int k = 0; k <= degree; k++)
        for (int i = 0; i <= k; i++)
            c[i] += chebyshev[k] * fit->power[k][i];
    return degree;
}

/* Rows of one side, as build_side. What lies within [1, 2), or within [n, n + 1), is one number:
 * so no variate is above n. (Next to a large n a jump is off by a rounding error of n.) */
static double build_zipf_side(const lf_side *side, double rows[LF_SIDE_ROWS][4])
{
    const double a = side->a;
    const double last = a > 1 ? fmin(side->b + 1, lf_exp(BEYOND / (a - 1))) : side->b + 1;
    zipf z;
    zipf_points x, delta, mass, density;
    /* the whole, the mass from 2 on, and from what doubles hardly tell from the end on */
    const double margin = fmax(1, last * 0x1p-49);
    for (int l = 0; l < POINTS; l++) {
        x[l] = l == 0 ? 1 : l == 1 ? 2 : last - margin;
        delta[l] = l == 0 ? 1 - last : l == 1 ? 2 - last : -margin;
    }
    zipf_anchor(&z, a, last, 1);
    zipf_masses(&z, &z.mode[1], x, delta, mass, density);
    const double whole = mass[0];
    double low = mass[2] / whole, low_value = fmin(side->b + 0.5, last * (1 - 0x1p-53));
    double high = mass[1] / whole;
    if (side->sign > 0) {
        zipf_anchor(&z, a, 1, -1);
        for (int l = 0; l < POINTS; l++) {
            x[l] = 2;
            delta[l] = 1;
        }
        zipf_masses(&z, &z.mode[1], x, delta, mass, density);
        low = mass[0] / whole;
        low_value = 1.5;
        high = INFINITY;
    }
    zipf_fit fit;
    zipf_prepare(&fit);
    double quotient = 0, worst = 0, middle = 1.5;
    for (int octave = 0; octave < LF_OCTAVES; octave++) {
        const double v = lf_pow2(octave - LF_OCTAVES - 1);
        double (*const row)[4] = rows + octave * LF_CELLS;
        if (2 * v <= low || v >= high) {
            middle = 2 * v <= low ? low_value : 1.5;
            memset(row, 0, LF_CELLS * sizeof *row);
            for (int cell = 0; cell < LF_CELLS; cell++)
                row[cell][0] = middle;
            continue;
        }
        if (quotient == 0) { /* as it is close to the anchor */
            memset(delta, 0, sizeof delta);
            for (int l = 0; l < POINTS; l++)
                x[l] = z.anchor;
            zipf_masses(&z, &z.mode[1], x, delta, mass, density);
            quotient = 1 / (z.rate * (z.anchor - 0.5) * density[0]);
        }
        for (int cell = 0, length; cell < LF_CELLS; cell += length) {
            double c[POINTS], value[NODES][LF_CELLS], shift, h;
            int degree;
            /* the longest step that starts at a multiple of its length */
            for (length = cell ? cell & -cell : LF_CELLS;; length /= 2) {
                if (length < LANES)
                    return INFINITY;
                h = fit.edge_s[cell + length] - fit.edge_s[cell];
                for (int l = 0; l < POINTS; l++)
                    mass[l] = v * whole * (1 + (double)cell / LF_CELLS) *
                              lf_exp(0.5 * h * (1 + fit.cosine[1][l]));
                if (!zipf_solve(&z, mass, &quotient, x, delta))
                    return INFINITY;
                /* whichever carries more digits */
                const int from_anchor = side->sign > 0 || x[0] > 0.5 * z.anchor;
                shift = from_anchor ? z.anchor : 0;
                degree = zipf_interpolate(&fit, from_anchor ? delta : x, c);
                if (degree < POINTS)
                    break;
            }
            for (int j = 0; j < NODES; j++) {
                double at[LF_CELLS];
                for (int i = 0; i < length; i++)
                    at[i] = (fit.node_s[j][cell + i] - fit.edge_s[cell]) * (2 / h) - 1;
                polynomials(c, degree, length, at, value[j]);
            }
            for (int i = 0; i < length; i += 4) {
                lf_real4 f[NODES], four[4];
                for (int j = 0; j < NODES; j++)
                    f[j] = lf_load_reals(value[j] + i);
                const lf_real4 error = cubics(f, four);
                for (int l = 0; l < 4; l++) {
                    const double mantissa = 1 + (cell + i + l) / (double)LF_CELLS;
                    const int is_low = v * (mantissa + 1.0 / LF_CELLS) <= low;
                    double *to = row[cell + i + l];
                    if (is_low || v * mantissa >= high) {
                        memset(to, 0, sizeof *row);
                        to[0] = is_low ? low_value : 1.5;
                    } else {
                        lf_store_reals(four[l], to);
                        to[0] += shift;
                        worst = worse(worst, fabs(error[l]) / (mantissa + 0.5 / LF_CELLS));
                    }
                }
            }
            middle = high <= 0.5 ? 1.5 : shift + polynomial(c, degree, 1);
        }
    }
    memset(rows[LF_OCTAVES * LF_CELLS], 0, 2 * sizeof rows[0]);
    rows[LF_OCTAVES * LF_CELLS][0] = middle; /* v = 1/2 */
    return worst;
}

/* Fills the table from its two sides; returns the largest relative error of v at the centers and,
 * between the sides, in the middle: NaN or infinity where the march cannot be made. OUT  single:
 * the same rows for float */
double LF_NAME(build)(const lf_side sides[2], lf_table *table, lf_single_table *single)
{
    double error[2];
    for (int i = 0; i < 2; i++) {
        error[i] = (sides[i].family == LF_FAMILY_ZIPF ? build_zipf_side : build_side)(
            &sides[i], table->row + i * LF_SIDE_ROWS);
        const double (*from)[4] = (const double (*)[4])table->row + i * LF_SIDE_ROWS +
                                  (LF_OCTAVES - LF_SINGLE_OCTAVES) * LF_CELLS;
        float (*to)[4] = single->row + i * LF_SINGLE_SIDE_ROWS;
        for (int row = 0; row < LF_SINGLE_SIDE_ROWS; row++)
            for (int k = 0; k < 4; k++)
                to[row][k] = (float)from[row][k];
    }
    if (sides[0].family == LF_FAMILY_ZIPF) /* its sides may meet at a jump; neither is marched to */
        return worse(error[0], error[1]);
    const double *lower = table->row[LF_OCTAVES * LF_CELLS];
    const double *upper = table->row[LF_SIDE_ROWS + LF_OCTAVES * LF_CELLS];
    const double slope = 2 * fabs(table->row[LF_OCTAVES * LF_CELLS - 1][1]); /* dx/ds */
    const double gap = fabs(lower[0] - upper[0]) / slope;
    return worse(worse(error[0], error[1]), gap);
}
