/* What the ways to solve share: the batch, its results, and what failed. */
#ifndef LF_RIDGE_RUN_H
#define LF_RIDGE_RUN_H

#include "ridge/problem.h"

/* What all threads share. */
typedef struct {
    const lf_ridge_job *job;
    real *coef, *intercept;
    int64_t failed; /* 2 * problem + kind: the lowest so far */
    int64_t next;   /* the next problem to be taken by a thread */
    lf_status status;
} lf_run;

static inline void lf_fail(lf_run *run, int64_t problem, lf_ridge_failure kind)
{
    const int64_t key = 2 * problem + (int64_t)kind;
    int64_t lowest = __atomic_load_n(&run->failed, __ATOMIC_RELAXED);
    while (key < lowest && !__atomic_compare_exchange_n(&run->failed, &lowest, key, 0,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* A problem behind one that has failed need not be solved. */
static inline int lf_beyond(lf_run *run, int64_t problem)
{
    return 2 * problem > __atomic_load_n(&run->failed, __ATOMIC_RELAXED);
}

static inline real *lf_coef(const lf_run *run, int64_t b, int64_t penalty)
{
    const lf_ridge_job *job = run->job;
    return run->coef + (b * job->penalties + penalty) * job->d * job->targets;
}

/* The constant of a target that has its coefficients. Returns whether it is finite. */
static inline int lf_settle_intercept(const lf_run *run, const lf_problem *problem, int64_t b,
                                      int64_t penalty, int64_t target)
{
    const lf_ridge_job *job = run->job;
    if (!job->intercept)
        return 1;
    const real *w = lf_coef(run, b, penalty) + target;
    double sum = 0;
    for (int64_t i = 0; i < job->d; i++)
        sum += problem->X_mean[i] * w[i * job->targets];
    const real value = (real)(problem->y_mean[target] - sum);
    run->intercept[(b * job->penalties + penalty) * job->targets + target] = value;
    return isfinite(value) != 0;
}

static inline void lf_fill(const lf_run *run, int64_t b, real value)
{
    const lf_ridge_job *job = run->job;
    const int64_t coefs = job->penalties * job->d * job->targets;
    const int64_t constants = job->intercept ? job->penalties * job->targets : 0;
    for (int64_t i = 0; i < coefs; i++)
        run->coef[b * coefs + i] = value;
    for (int64_t i = 0; i < constants; i++)
        run->intercept[b * constants + i] = value;
}

/* A problem with numbers that are not finite: a failure, or a solution of NaN. */
static inline void lf_give_up(lf_run *run, int64_t b)
{
    if (run->job->finite)
        lf_fail(run, b, LF_RIDGE_NOT_FINITE);
    else
        lf_fill(run, b, (real)NAN);
}

/* out[i * targets] = sum_k X[k][i] c[k] for features from..to: the way back from the dual.
 * Returns whether all are finite. block (LF_BLOCK(LF_ROWS),) */
static inline int lf_times_samples(const lf_ridge_job *job, const lf_problem *problem, int64_t from,
                                   int64_t to, const real *c, real *block, real *out)
{
    real w[LF_ROWS], probe = 0;
    for (int64_t feature = from; feature < to; feature += LF_ROWS) {
        const int64_t features = LF_MIN(LF_ROWS, to - feature);
        for (int64_t row = 0; row < problem->n; row += LF_ROWS) {
            const int64_t rows = LF_MIN(LF_ROWS, problem->n - row);
            const lf_block_view view =
                lf_view_X(job, problem, 0, row, rows, feature, features, block);
            for (int64_t i = 0; i < features; i += LF_STRIP)
                lf_strip_times(view, rows, i, c + row, row ? LF_ADD : LF_SET, w + i);
        }
        for (int64_t i = 0; i < features; i++) {
            probe += w[i] * 0;
            out[(feature + i) * job->targets] = w[i];
        }
    }
    return probe == 0;
}

/* The three ways. Each takes the problems, and of these the penalties, that are its own:
 * systems up to LF_LANES_MAX, larger ones, and what needs an SVD. */
void LF_NAME(ridge_narrow)(lf_run *run);
void LF_NAME(ridge_wide)(lf_run *run);
void LF_NAME(ridge_svd)(lf_run *run, const LF_PASTE(lf_lapack, LF_REAL) * lapack);

#endif
