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
#define NODES 5              /* of a cell: four zeros, and the center */
#define STEP_TOLERANCE 1e-13 /* of v, relative */

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
 * orders of magnitude), and of x itself for Student's t. */
static void series(const lf_side *side, double x0, double q0, double *restrict x,
                   double *restrict q)
{
    double g[TERMS + 1], h[TERMS + 1], u[TERMS + 1];
    const double sign = side->sign;
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
    }
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
static int degree_for(const double *c, double scale, double h)
{
    double term[TERMS + 1], power = 1;
    for (int k = 0; k <= TERMS; k++, power *= h)
        term[k] = fabs(c[k]) * power;
    if (!(term[TERMS] + term[TERMS - 1] <= STEP_TOLERANCE * scale))
        return TERMS + 1;
    int degree = TERMS;
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
            series(side, x0, q0, x, q);
            /* the longest step that starts at a multiple of its length */
            for (length = cell ? cell & -cell : LF_CELLS;; length /= 2) {
                if (length == 0)
                    return INFINITY;
                h = edge_s[cell + length] - edge_s[cell];
                x_degree = degree_for(x, fabs(x[1]), h);
                q_degree = degree_for(q, fabs(q[0]), h);
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

/* Fills the table from its two sides; returns the largest relative error of v at the centers and,
 * between the sides, in the middle: NaN or infinity where the march cannot be made. OUT  single:
 * the same rows for float */
double LF_NAME(build)(const lf_side sides[2], lf_table *table, lf_single_table *single)
{
    double error[2];
#pragma omp parallel for num_threads(lf_team(2))
    for (int i = 0; i < 2; i++) {
        error[i] = build_side(&sides[i], table->row + i * LF_SIDE_ROWS);
        const double (*from)[4] = (const double (*)[4])table->row + i * LF_SIDE_ROWS +
                                  (LF_OCTAVES - LF_SINGLE_OCTAVES) * LF_CELLS;
        float (*to)[4] = single->row + i * LF_SINGLE_SIDE_ROWS;
        for (int row = 0; row < LF_SINGLE_SIDE_ROWS; row++)
            for (int k = 0; k < 4; k++)
                to[row][k] = (float)from[row][k];
    }
    const double *lower = table->row[LF_OCTAVES * LF_CELLS];
    const double *upper = table->row[LF_SIDE_ROWS + LF_OCTAVES * LF_CELLS];
    const double slope = 2 * fabs(table->row[LF_OCTAVES * LF_CELLS - 1][1]); /* dx/ds */
    const double gap = fabs(lower[0] - upper[0]) / slope;
    return worse(worse(error[0], error[1]), gap);
}
