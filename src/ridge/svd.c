/* Problems by singular value decomposition: LAPACK's, a problem a thread.
 *
 * It gets X by columns, as it stores matrices: of X' it would find small singular values of tall
 * problems less exactly. */
#include <limits.h>

#include "ridge/run.h"

typedef LF_PASTE(lf_lapack, LF_REAL) lf_lapack;

/* What a thread works in; r = min(n, d). */
typedef struct {
    real *copy, *left, *right; /* (n, d), (n, r), (r, d), by columns */
    real *singular, *work;     /* (r,), (lwork,) */
    real *y, *rhs, *scaled;    /* (targets, n), (targets, r), (r,) */
    real *w;                   /* (d,) */
    int *iwork;                /* (8 r,) */
    double *mean;              /* (d + targets,) */
    int lwork;
    void *memory;
} lf_scratch;

/* The work space that gesdd asks for; 0 where it cannot be had. */
static int svd_work(int n, int d, const lf_lapack *lapack)
{
    int r = LF_MIN(n, d), query = -1, info = 0, ints = 0;
    real size = 0, none = 0;
    lapack->gesdd("S", &n, &d, &none, &n, &none, &none, &n, &none, &r, &size, &query, &ints, &info);
    const double wanted = ceil(size * (1 + LF_EPSILON)); /* a float may have rounded it down */
    return info == 0 && wanted >= 1 && wanted <= INT_MAX ? (int)wanted : 0;
}

static int scratch_open(lf_scratch *scratch, const lf_ridge_job *job, int lwork)
{
    const size_t n = (size_t)job->n, d = (size_t)job->d, t = (size_t)job->targets;
    const size_t r = LF_MIN(n, d);
    const size_t reals = n * d + n * r + r * d + r + (size_t)lwork + t * n + t * r + r + d;
    double *p = scratch->memory =
        malloc((d + t) * sizeof(double) + reals * sizeof(real) + 8 * r * sizeof(int));
    if (!p)
        return 0;
    scratch->mean = p;
    real *q = (real *)(p + d + t);
    scratch->copy = q, q += n * d;
    scratch->left = q, q += n * r;
    scratch->right = q, q += r * d;
    scratch->singular = q, q += r;
    scratch->work = q, q += lwork;
    scratch->y = q, q += t * n;
    scratch->rhs = q, q += t * r;
    scratch->scaled = q, q += r;
    scratch->w = q, q += d;
    scratch->iwork = (int *)q;
    scratch->lwork = lwork;
    return 1;
}

/* X = (centered, weighted) U S V':  w = V f(S) U'y,  f(s) = s / (s^2 + alpha), and 0 for
 * s <= epsilon max(n, d) s[0] */
static void solve_one(lf_run *run, const lf_lapack *lapack, lf_scratch *scratch, int64_t b,
                      const lf_problem *problem)
{
    const lf_ridge_job *job = run->job;
    int d = (int)job->d, n = (int)problem->n, t = (int)job->targets, r = LF_MIN(n, d), info = 0;
    int single = 1;
    real one = 1, zero = 0, probe = 0;

    lf_copy_X(job, problem, scratch->copy);
    lf_pack_y(job, problem, 0, n, n, scratch->y);
    for (int64_t i = 0; i < (int64_t)n * d; i++)
        probe += scratch->copy[i] * 0;
    for (int64_t i = 0; i < (int64_t)n * t; i++)
        probe += scratch->y[i] * 0;
    if (probe != 0 || isnan(probe)) { /* LAPACK may loop for ever on it */
        lf_give_up(run, b);
        return;
    }
    lapack->gesdd("S", &n, &d, scratch->copy, &n, scratch->singular, scratch->left, &n,
                  scratch->right, &r, scratch->work, &scratch->lwork, scratch->iwork, &info);
    if (info != 0) {
        lf_fail(run, b, LF_RIDGE_SINGULAR);
        return;
    }
    lapack->gemm("T", "N", &r, &t, &n, &one, scratch->left, &n, scratch->y, &n, &zero, scratch->rhs,
                 &r);
    const double cutoff = LF_EPSILON * LF_MAX(n, d) * scratch->singular[0];
    for (int64_t l = 0; l < job->penalties; l++)
        for (int64_t j = 0; j < t; j++) {
            const double alpha = lf_penalty(job, problem, l, j);
            if (!lf_needs_svd(job, alpha))
                continue;
            for (int64_t i = 0; i < r; i++) {
                const double s = scratch->singular[i];
                const real factor = (real)(s > cutoff ? 1 / (s + alpha / s) : 0);
                scratch->scaled[i] = scratch->rhs[j * r + i] * factor;
            }
            lapack->gemm("T", "N", &d, &single, &r, &one, scratch->right, &r, scratch->scaled, &r,
                         &zero, scratch->w, &d);
            real *w = lf_coef(run, b, l) + j;
            int finite = 1;
            for (int64_t i = 0; i < d; i++) {
                finite &= isfinite(scratch->w[i]) != 0;
                w[i * t] = scratch->w[i];
            }
            if (!finite || !lf_settle_intercept(run, problem, b, l, j))
                lf_fail(run, b, LF_RIDGE_SINGULAR);
        }
}

void LF_NAME(ridge_svd)(lf_run *run, const lf_lapack *lapack)
{
    const lf_ridge_job *job = run->job;
    const int lwork = svd_work((int)job->n, (int)job->d, lapack);
    if (!lwork) {
        run->status = LF_NO_MEMORY;
        return;
    }
    run->next = 0;
#pragma omp parallel num_threads(lf_team(job->problems))
    {
        lf_scratch scratch;
        if (!scratch_open(&scratch, job, lwork))
            __atomic_store_n(&run->status, LF_NO_MEMORY, __ATOMIC_RELAXED);
        while (scratch.memory && !lf_poll(&run->status)) {
            const int64_t b = __atomic_fetch_add(&run->next, 1, __ATOMIC_RELAXED);
            if (b >= job->problems || lf_beyond(run, b))
                break;
            const lf_problem alone = {.alpha = (const double *)job->alpha.at +
                                               lf_place(job, &job->alpha, b)};
            if (!lf_any_penalty(job, &alone, 1))
                continue;
            lf_problem problem;
            lf_open_problem(job, b, &problem);
            if (!problem.n)
                continue;
            lf_center(job, scratch.mean, &problem);
            solve_one(run, lapack, &scratch, b, &problem);
        }
        free(scratch.memory);
    }
}
