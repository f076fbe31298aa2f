/* Batched ridge regression.
 *
 * BLAS and LAPACK store by columns: a matrix of ours, by rows, is to them its transpose. Below,
 * A = X' (d, n) and B = y' (targets, n) are the inputs as they see them. */
#include <limits.h>

#include "core/kernel.h"
#include "ridge/ridge.h"

typedef LF_REAL real;
typedef LF_PASTE(lf_lapack, LF_REAL) lf_lapack;

#define EPSILON (sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON)

/* Multiplications in one call of BLAS on part of a sum: well below half a second. */
#define PANEL_WORK 0x1p31

/* What a thread works in; r = min(n, d). */
typedef struct {
    real *gram, *factor;       /* (r, r) */
    real *rhs;                 /* (targets, r) */
    real *w;                   /* (targets, d) */
    real *copy, *left, *right; /* (n, d), (r, d), (n, r) */
    real *singular, *work;     /* (r,), (lwork,) */
    int *iwork;                /* (8 r,) */
    int lwork;
    void *memory;
} lf_scratch;

static int needs_svd(const lf_ridge_batch *batch, double alpha)
{
    return batch->method == LF_RIDGE_SVD || (batch->method == LF_RIDGE_AUTO && alpha == 0);
}

/* Whether some target of problem b is solved by SVD (svd = 1), or by Cholesky (svd = 0). */
static int any_target(const lf_ridge_batch *batch, const double *alpha, int svd)
{
    for (int64_t j = 0; j < batch->targets; j++)
        if (needs_svd(batch, alpha[j * batch->alpha_step]) == svd)
            return 1;
    return 0;
}

/* The work space that gesdd asks for; 0 where it cannot be had. */
static int svd_work(const lf_ridge_batch *batch, const lf_lapack *lapack)
{
    int d = batch->d, n = batch->n, r = LF_MIN(n, d), query = -1, info = 0, ints = 0;
    real size = 0, none = 0;
    lapack->gesdd("S", &d, &n, &none, &d, &none, &none, &d, &none, &r, &size, &query, &ints, &info);
    const double wanted = ceil(size * (1 + EPSILON)); /* a float may have rounded it down */
    return info == 0 && wanted >= 1 && wanted <= INT_MAX ? (int)wanted : 0;
}

static int scratch_open(lf_scratch *scratch, const lf_ridge_batch *batch, int lwork)
{
    const size_t n = (size_t)batch->n, d = (size_t)batch->d, t = (size_t)batch->targets;
    const size_t r = LF_MIN(n, d);
    const size_t svd = lwork ? n * d + r * d + n * r + r + (size_t)lwork : 0;
    const size_t ints = lwork ? 8 * r : 0;
    const size_t size = (2 * r * r + t * r + t * d + svd) * sizeof(real) + ints * sizeof(int);
    real *p = scratch->memory = malloc(size);
    if (!p)
        return 0;
    scratch->gram = p, p += r * r;
    scratch->factor = p, p += r * r;
    scratch->rhs = p, p += t * r;
    scratch->w = p, p += t * d;
    if (lwork) {
        scratch->copy = p, p += n * d;
        scratch->left = p, p += r * d;
        scratch->right = p, p += n * r;
        scratch->singular = p, p += r;
        scratch->work = p, p += lwork;
        scratch->iwork = (int *)p;
    }
    scratch->lwork = lwork;
    return 1;
}

/* The pivot of a singular matrix comes out as a few EPSILON of the diagonal, for all sizes and
 * precisions (at most 7 in trials): one up to this many is zero to working precision. */
#define LOST 10

/* factor = Cholesky factor of gram + alpha I, in the lower triangle; false where that is singular.
 * The comparison fails for NaN and infinity too. */
static int factorize(const lf_lapack *lapack, int r, double alpha, const real *gram, real *factor)
{
    int info = 0;
    memcpy(factor, gram, (size_t)r * (size_t)r * sizeof *factor);
    for (int64_t i = 0; i < r; i++)
        factor[i * (r + 1)] = (real)(gram[i * (r + 1)] + alpha);
    lapack->potrf("L", &r, factor, &r, &info);
    if (info != 0)
        return 0;
    for (int64_t i = 0; i < r; i++) {
        const double root = factor[i * (r + 1)], diagonal = (real)(gram[i * (r + 1)] + alpha);
        if (!(root * root > LOST * EPSILON * diagonal))
            return 0;
    }
    return 1;
}

/* out[:, j] = w[j], for the targets of one method; false where a number is not finite.
 * IN   w (targets, d)
 * OUT  out (d, targets) */
static int store(const lf_ridge_batch *batch, const double *alpha, int svd, const real *w,
                 real *out)
{
    int finite = 1;
    for (int64_t j = 0; j < batch->targets; j++) {
        if (needs_svd(batch, alpha[j * batch->alpha_step]) != svd)
            continue;
        for (int64_t i = 0; i < batch->d; i++) {
            const real value = w[j * batch->d + i];
            finite &= isfinite(value) != 0;
            out[i * batch->targets + j] = value;
        }
    }
    return finite;
}

/* n >= d:  w = (X'X + alpha I)^-1 X'y
 * n < d:   w = X' (XX' + alpha I)^-1 y
 * Returns whether the solution was found; an interrupted one is not looked at. */
static int solve_cholesky(const lf_ridge_batch *batch, const lf_lapack *lapack, lf_scratch *scratch,
                          lf_status *status, const real *X, const real *y, const double *alpha,
                          real *out)
{
    int d = batch->d, n = batch->n, t = batch->targets, r = LF_MIN(n, d), info = 0, single = 1;
    const int primal = d <= n, length = LF_MAX(n, d);
    const int panel = (int)LF_MAX(64, LF_MIN(length, PANEL_WORK / ((double)r * LF_MAX(r, t))));
    real one = 1, zero = 0, *A = (real *)X, *B = (real *)y;

    for (int start = 0; start < length; start += panel) {
        int rows = LF_MIN(panel, length - start);
        real *beta = start ? &one : &zero;
        if (start && lf_poll(status))
            return 1;
        if (primal) {
            real *part = A + (int64_t)start * d;
            lapack->syrk("L", "N", &d, &rows, &one, part, &d, beta, scratch->gram, &d);
            lapack->gemm("N", "T", &d, &t, &rows, &one, part, &d, B + (int64_t)start * t, &t, beta,
                         scratch->rhs, &d);
        } else {
            lapack->syrk("L", "T", &n, &rows, &one, A + start, &d, beta, scratch->gram, &n);
        }
    }
    if (!primal)
        for (int64_t j = 0; j < t; j++)
            for (int64_t i = 0; i < n; i++)
                scratch->rhs[j * n + i] = y[i * t + j];

    /* Target by target, so that its bits do not depend on whether others share its penalty. */
    double factored = -1;
    for (int64_t j = 0; j < t; j++) {
        const double penalty = alpha[j * batch->alpha_step];
        if (needs_svd(batch, penalty))
            continue;
        if (penalty != factored && !factorize(lapack, r, penalty, scratch->gram, scratch->factor))
            return 0;
        factored = penalty;
        lapack->potrs("L", &r, &single, scratch->factor, &r, scratch->rhs + j * r, &r, &info);
        if (info != 0)
            return 0;
        if (lf_poll(status))
            return 1;
    }
    if (primal)
        return store(batch, alpha, 0, scratch->rhs, out);
    lapack->gemm("N", "N", &d, &t, &n, &one, A, &d, scratch->rhs, &n, &zero, scratch->w, &d);
    return store(batch, alpha, 0, scratch->w, out);
}

/* X' = U S V':  w = U f(S) V'y,  f(s) = s / (s^2 + alpha), and 0 for s <= EPSILON max(n, d) s[0] */
static int solve_svd(const lf_ridge_batch *batch, const lf_lapack *lapack, lf_scratch *scratch,
                     const real *X, const real *y, const double *alpha, real *out)
{
    int d = batch->d, n = batch->n, t = batch->targets, r = LF_MIN(n, d), info = 0;
    const int64_t size = (int64_t)n * d;
    real one = 1, zero = 0, *B = (real *)y;

    int finite = 1; /* not every LAPACK looks, and those that do not may loop for ever */
    for (int64_t i = 0; i < size; i++)
        finite &= isfinite(X[i]) != 0;
    if (!finite)
        return 0;
    memcpy(scratch->copy, X, (size_t)size * sizeof *X);
    lapack->gesdd("S", &d, &n, scratch->copy, &d, scratch->singular, scratch->left, &d,
                  scratch->right, &r, scratch->work, &scratch->lwork, scratch->iwork, &info);
    if (info != 0)
        return 0;

    lapack->gemm("N", "T", &r, &t, &n, &one, scratch->right, &r, B, &t, &zero, scratch->rhs, &r);
    const double cutoff = EPSILON * LF_MAX(n, d) * scratch->singular[0];
    for (int64_t j = 0; j < t; j++) {
        const double penalty = alpha[j * batch->alpha_step];
        for (int64_t i = 0; i < r; i++) {
            const double s = scratch->singular[i];
            scratch->rhs[j * r + i] *= (real)(s > cutoff ? 1 / (s + penalty / s) : 0);
        }
    }
    lapack->gemm("N", "N", &d, &t, &r, &one, scratch->left, &d, scratch->rhs, &r, &zero, scratch->w,
                 &d);
    return store(batch, alpha, 1, scratch->w, out);
}

/* out[b] = argmin_w ||y[b] - X[b] w||^2 + alpha[b] ||w||^2, of smallest norm where alpha = 0
 * IN   X (., n, d), y (., n, targets), alpha (., targets or 1) >= 0, where batch says; n, d > 0
 * OUT  out (problems, d, targets)
 * Returns 1 + the lowest index of a problem without a solution. */
lf_status LF_NAME(ridge_solve)(const lf_ridge_batch *batch, const lf_lapack *lapack, const real *X,
                               const real *y, const double *alpha, real *out)
{
    lf_status status = LF_OK;
    int64_t failed = batch->problems; /* the lowest so far */
    int svd = 0;
    for (int64_t b = 0; b < batch->problems && !svd; b++)
        svd = any_target(batch, alpha + batch->alpha_at[b], 1);
    const int lwork = svd ? svd_work(batch, lapack) : 0;
    if (svd && !lwork)
        return LF_NO_MEMORY;

#pragma omp parallel num_threads(lf_team(batch->problems))
    {
        lf_scratch scratch;
        if (!scratch_open(&scratch, batch, lwork))
            __atomic_store_n(&status, LF_NO_MEMORY, __ATOMIC_RELAXED);
#pragma omp for schedule(dynamic)
        for (int64_t b = 0; b < batch->problems; b++) {
            if (lf_poll(&status) || !scratch.memory ||
                b > __atomic_load_n(&failed, __ATOMIC_RELAXED))
                continue;
            const real *X_b = X + batch->x_at[b], *y_b = y + batch->y_at[b];
            const double *alpha_b = alpha + batch->alpha_at[b];
            real *out_b = out + b * batch->d * batch->targets;
            int solved = 1;
            if (any_target(batch, alpha_b, 0))
                solved = solve_cholesky(batch, lapack, &scratch, &status, X_b, y_b, alpha_b, out_b);
            if (solved && any_target(batch, alpha_b, 1))
                solved = solve_svd(batch, lapack, &scratch, X_b, y_b, alpha_b, out_b);
            int64_t lowest = __atomic_load_n(&failed, __ATOMIC_RELAXED);
            while (!solved && b < lowest &&
                   !__atomic_compare_exchange_n(&failed, &lowest, b, 0, __ATOMIC_RELAXED,
                                                __ATOMIC_RELAXED))
                ;
        }
        free(scratch.memory);
    }
    return status != LF_OK || failed == batch->problems ? status : 1 + failed;
}
