/* One problem of a batch: where its numbers stand, and blocks of them, weighted and centered. */
#ifndef LF_RIDGE_PROBLEM_H
#define LF_RIDGE_PROBLEM_H

#include "ridge/ridge.h"
#include "ridge/tile.h"

/* Numbers of a block of columns. */
#define LF_BLOCK(columns) ((columns) / LF_WIDTH * LF_SPAN)

typedef struct {
    const real *X, *y;
    const double *alpha, *weight;
    int64_t n;
    /* with an intercept, what is taken off: means of the columns (d,) and of the targets */
    double *X_mean, *y_mean;
} lf_problem;

/* The smaller normal system: X'X (d, d), sums over samples, or XX' (n, n), sums over features. */
static inline int lf_dual(const lf_ridge_job *job, const lf_problem *problem)
{
    return !job->gram && problem->n < job->d;
}

static inline int64_t lf_system(const lf_ridge_job *job, const lf_problem *problem)
{
    return lf_dual(job, problem) ? problem->n : job->d;
}

/* The size of the largest system; with offsets, n is that of the longest problem. */
static inline int64_t lf_largest(const lf_ridge_job *job)
{
    return job->gram ? job->d : LF_MIN(job->n, job->d);
}

static inline int64_t lf_place(const lf_ridge_job *job, const lf_operand *operand, int64_t b)
{
    int64_t at = 0;
    if (job->axes == 1)
        return b * operand->batch[0];
    for (int axis = job->axes - 1; axis > 0; axis--) {
        const int64_t outer = b / job->shape[axis];
        at += (b - outer * job->shape[axis]) * operand->batch[axis];
        b = outer;
    }
    return job->axes ? at + b * operand->batch[0] : 0;
}

static inline double lf_penalty(const lf_ridge_job *job, const lf_problem *problem, int64_t penalty,
                                int64_t target)
{
    return problem->alpha[penalty * job->alpha.row + target * job->alpha.column];
}

static inline int lf_needs_svd(const lf_ridge_job *job, double alpha)
{
    return job->method == LF_RIDGE_SVD || (job->method == LF_RIDGE_AUTO && alpha == 0);
}

/* Whether some penalty of the problem is solved by SVD (svd = 1), or by Cholesky (svd = 0). */
static inline int lf_any_penalty(const lf_ridge_job *job, const lf_problem *problem, int svd)
{
    if (job->method != LF_RIDGE_AUTO)
        return (job->method == LF_RIDGE_SVD) == svd;
    for (int64_t l = 0; l < job->penalties; l++)
        for (int64_t j = 0; j < (job->alpha.column ? job->targets : 1); j++)
            if (lf_needs_svd(job, lf_penalty(job, problem, l, j)) == svd)
                return 1;
    return 0;
}

/* Columns column..column + columns - 1 of rows row..row + rows - 1 of a matrix with such steps, as
 * a block with panels of `panel` numbers; whole vectors of columns, with zeros behind the last. */
static inline void lf_pack(const real *restrict from, int64_t row_step, int64_t column_step,
                           int64_t rows, int64_t columns, int64_t panel, real *restrict block)
{
    const int64_t whole = columns / LF_WIDTH * LF_WIDTH;
    int64_t c = 0;
    if (column_step == 1) {
        for (int64_t k = 0; k < rows; k++)
            for (c = 0; c < whole; c += LF_WIDTH)
                lf_store(lf_load(from + k * row_step + c),
                         block + c / LF_WIDTH * panel + k * LF_WIDTH);
        c = whole;
    } else if (row_step == 1) {
        for (; c < whole; c += LF_WIDTH) {
            const real *own = from + c * column_step;
            real *to = block + c / LF_WIDTH * panel;
            int64_t k = 0;
            for (; k + LF_WIDTH <= rows; k += LF_WIDTH) {
                lf_vec x[LF_WIDTH];
                for (int i = 0; i < LF_WIDTH; i++)
                    x[i] = lf_load(own + i * column_step + k);
                lf_transpose(x);
                for (int i = 0; i < LF_WIDTH; i++)
                    lf_store(x[i], to + (k + i) * LF_WIDTH);
            }
            for (; k < rows; k++)
                for (int i = 0; i < LF_WIDTH; i++)
                    to[k * LF_WIDTH + i] = own[i * column_step + k];
        }
    }
    for (; c < columns; c++)
        for (int64_t k = 0; k < rows; k++)
            block[c / LF_WIDTH * panel + k * LF_WIDTH + c % LF_WIDTH] =
                from[k * row_step + c * column_step];
    for (; c < lf_whole(columns, LF_STRIP); c++)
        for (int64_t k = 0; k < rows; k++)
            block[c / LF_WIDTH * panel + k * LF_WIDTH + c % LF_WIDTH] = 0;
}

/* What a row counts for: the root of its weight. */
static inline double lf_root(const lf_ridge_job *job, const lf_problem *problem, int64_t row)
{
    return problem->weight ? sqrt(problem->weight[row * job->weight.row]) : 1;
}

/* Row `row` on of X, as a block: `rows` samples of `columns` features from `column` on; or, if
 * dual, `rows` features of `columns` samples. Centered, and times the root of the weights. */
static inline void lf_pack_X(const lf_ridge_job *job, const lf_problem *problem, int dual,
                             int64_t row, int64_t rows, int64_t column, int64_t columns,
                             real *block)
{
    const int64_t row_step = dual ? job->X.column : job->X.row;
    const int64_t column_step = dual ? job->X.row : job->X.column;
    const double *mean = problem->X_mean;
    lf_pack(problem->X + row * row_step + column * column_step, row_step, column_step, rows,
            columns, LF_SPAN, block);
    if (!mean && !problem->weight)
        return;
    double along[LF_ROWS], across[LF_WIDTH];
    for (int64_t k = 0; k < rows; k++)
        along[k] = !dual ? lf_root(job, problem, row + k) : mean ? mean[row + k] : 0;
    for (int64_t c = 0; c < columns; c += LF_WIDTH) {
        for (int64_t i = 0; i < LF_WIDTH; i++) { /* behind the last column: what leaves 0 */
            const int64_t at = column + c + i;
            across[i] = c + i >= columns ? 0
                        : dual           ? lf_root(job, problem, at)
                        : mean           ? mean[at]
                                         : 0;
        }
        real *own = block + c / LF_WIDTH * LF_SPAN;
        for (int64_t k = 0; k < rows; k++)
            for (int64_t i = 0; i < LF_WIDTH; i++) {
                real *x = own + k * LF_WIDTH + i;
                const double shift = dual ? along[k] : across[i];
                *x = (real)((real)(*x - shift) * (dual ? across[i] : along[k]));
            }
    }
}

/* The same, but without a copy where X itself may serve: if its rows are short, and fit in half of
 * L1 as they are. */
static inline lf_block_view lf_view_X(const lf_ridge_job *job, const lf_problem *problem, int dual,
                                      int64_t row, int64_t rows, int64_t column, int64_t columns,
                                      real *block)
{
    const int64_t step = dual ? job->X.column : job->X.row,
                  fits = (1 << 14) / (int64_t)sizeof(real);
    if ((dual ? job->X.row : job->X.column) == 1 && columns % LF_STRIP == 0 && step > 0 &&
        rows * step <= fits && !problem->X_mean && !problem->weight)
        return (lf_block_view){problem->X + row * step + column, LF_WIDTH, step};
    lf_pack_X(job, problem, dual, row, rows, column, columns, block);
    return (lf_block_view){block, LF_SPAN, LF_WIDTH};
}

/* X (n, d), by columns, centered and weighted. */
static inline void lf_copy_X(const lf_ridge_job *job, const lf_problem *problem, real *restrict out)
{
    for (int64_t i = 0; i < problem->n; i++) {
        const double root = lf_root(job, problem, i);
        for (int64_t j = 0; j < job->d; j++) {
            const double x = problem->X[i * job->X.row + j * job->X.column];
            const double mean = problem->X_mean ? problem->X_mean[j] : 0;
            out[j * problem->n + i] = (real)((real)(x - mean) * root);
        }
    }
}

/* y[j * step + k] for targets j and `rows` samples from `row` on, centered and weighted. */
static inline void lf_pack_y(const lf_ridge_job *job, const lf_problem *problem, int64_t row,
                             int64_t rows, int64_t step, real *restrict y)
{
    for (int64_t j = 0; j < job->targets; j++) {
        const real *from = problem->y + row * job->y.row + j * job->y.column;
        const double mean = problem->y_mean ? problem->y_mean[j] : 0;
        for (int64_t k = 0; k < rows; k++)
            y[j * step + k] = from[k * job->y.row];
        if (problem->y_mean || problem->weight)
            for (int64_t k = 0; k < rows; k++)
                y[j * step + k] =
                    (real)((real)(y[j * step + k] - mean) * lf_root(job, problem, row + k));
    }
}

/* Weighted means of the columns of a matrix (n, columns) with such steps, rows in order.
 * OUT  mean (columns,) */
static inline void lf_means(const lf_ridge_job *job, const lf_problem *problem, const real *x,
                            int64_t row_step, int64_t column_step, int64_t columns,
                            double *restrict mean)
{
    const int64_t n = problem->n;
    double largest = 0, total = 0;
    for (int64_t i = 0; i < n && problem->weight; i++)
        largest = LF_MAX(largest, problem->weight[i * job->weight.row]);
    memset(mean, 0, (size_t)columns * sizeof *mean);
    /* by blocks of rows: so much less is rounded off than in one long sum */
    for (int64_t first = 0; first < n; first += LF_ROWS) {
        const int64_t end = LF_MIN(first + LF_ROWS, n);
        double share[LF_ROWS], part = 0;
        for (int64_t i = first; i < end; i++) {
            share[i - first] = problem->weight ? problem->weight[i * job->weight.row] / largest : 1;
            part += share[i - first];
        }
        total += part;
        for (int64_t c = 0; c < columns; c += LF_ROWS) {
            const int64_t width = LF_MIN(LF_ROWS, columns - c);
            double sum[LF_ROWS] = {0};
            for (int64_t i = first; i < end; i++)
                for (int64_t j = 0; j < width; j++)
                    sum[j] += share[i - first] * x[i * row_step + (c + j) * column_step];
            for (int64_t j = 0; j < width; j++)
                mean[c + j] += sum[j];
        }
    }
    for (int64_t c = 0; c < columns; c++)
        mean[c] /= total;
}

/* Problem b, not centered yet. */
static inline void lf_open_problem(const lf_ridge_job *job, int64_t b, lf_problem *problem)
{
    problem->X = (const real *)job->X.at + lf_place(job, &job->X, b);
    problem->y = (const real *)job->y.at + lf_place(job, &job->y, b);
    problem->alpha = (const double *)job->alpha.at + lf_place(job, &job->alpha, b);
    problem->weight = NULL;
    problem->n = job->n;
    problem->X_mean = problem->y_mean = NULL;
    if (job->offsets) {
        problem->n = job->offsets[b + 1] - job->offsets[b];
        problem->X += job->offsets[b] * job->X.row;
        problem->y += job->offsets[b] * job->y.row;
    }
    if (job->weight.at)
        problem->weight = (const double *)job->weight.at + lf_place(job, &job->weight, b) +
                          (job->offsets ? job->offsets[b] * job->weight.row : 0);
}

/* With an intercept: what is taken off, to mean (d + targets,). */
static inline void lf_center(const lf_ridge_job *job, double *mean, lf_problem *problem)
{
    if (!job->intercept)
        return;
    double *y_mean = mean + job->d;
    lf_means(job, problem, problem->X, job->X.row, job->X.column, job->d, mean);
    lf_means(job, problem, problem->y, job->y.row, job->y.column, job->targets, y_mean);
    problem->X_mean = mean;
    problem->y_mean = y_mean;
}

#endif
