/* The ridge kernels of both precisions at this level. */
#include "core/kernel.h"
#include "ridge/ridge.h"

#define SOLVE(real) LF_PASTE(lf_ridge_solve_##real, LF_LEVEL)
#define LOO(real) LF_PASTE(lf_ridge_loo_##real, LF_LEVEL)

lf_status SOLVE(float)(const lf_ridge_job *job, const lf_lapack_float *lapack, float *coef,
                       float *intercept);
lf_status SOLVE(double)(const lf_ridge_job *job, const lf_lapack_double *lapack, double *coef,
                        double *intercept);
lf_status LOO(float)(const lf_ridge_job *job, const lf_lapack_float *lapack, float *out);
lf_status LOO(double)(const lf_ridge_job *job, const lf_lapack_double *lapack, double *out);
lf_status LF_PASTE(lf_ridge_risk_double, LF_LEVEL)(const struct lf_risk_job *job, double *risk,
                                                   double *coef);

const lf_ridge_kernels LF_NAME(ridge_kernels) = {.solve_float = SOLVE(float),
                                                 .solve_double = SOLVE(double),
                                                 .loo_float = LOO(float),
                                                 .loo_double = LOO(double),
                                                 .risk = LF_PASTE(lf_ridge_risk_double, LF_LEVEL)};
