/* Batched ridge regression: n >= d, w = (X'X + alpha I)^-1 X'y; n < d, w = X'(XX' + alpha I)^-1 y.
 * What is added to what depends on n, d, the targets and the precision alone. */
#include "ridge/lanes.h"
#include "ridge/run.h"

/* coef[b] = argmin_w ||y[b] - X[b] w||^2 + alpha[b] ||w||^2, of smallest norm where alpha = 0 and
 * the method is auto or SVD, for each penalty.
 * IN   job: X, y, alpha >= 0, weight >= 0; n, targets, penalties > 0, d >= 0
 * OUT  coef, intercept */
lf_status LF_NAME(ridge_solve)(const lf_ridge_job *job, const LF_PASTE(lf_lapack, LF_REAL) * lapack,
                               real *coef, real *intercept)
{
    lf_run run = {job, coef, intercept, 2 * job->problems, 0, LF_OK};
    int cholesky = 0, svd = 0;
    for (int64_t b = 0; b < job->problems && !(cholesky && svd); b++) {
        if (b && job->method != LF_RIDGE_AUTO)
            break;
        const lf_problem problem = {.alpha = (const double *)job->alpha.at +
                                             lf_place(job, &job->alpha, b)};
        cholesky = cholesky || lf_any_penalty(job, &problem, 0);
        svd = svd || lf_any_penalty(job, &problem, 1);
    }
    const int64_t largest = lf_largest(job);
    if (cholesky && (job->offsets || largest <= LF_LANES_MAX))
        LF_NAME(ridge_narrow)(&run);
    if (cholesky && largest > LF_LANES_MAX && run.status == LF_OK)
        LF_NAME(ridge_wide)(&run);
    if (svd && run.status == LF_OK)
        LF_NAME(ridge_svd)(&run, lapack);
    if (run.status != LF_OK)
        return run.status;
    return run.failed == 2 * job->problems ? LF_OK : 1 + run.failed;
}
