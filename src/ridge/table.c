/* The ridge kernels of both precisions at this level. */
#include "core/kernel.h"
#include "ridge/ridge.h"

#define SOLVE(real) LF_PASTE(lf_ridge_solve_##real, LF_LEVEL)

lf_status SOLVE(float)(const lf_ridge_batch *batch, const lf_lapack_float *lapack, const float *X,
                       const float *y, const double *alpha, float *out);
lf_status SOLVE(double)(const lf_ridge_batch *batch, const lf_lapack_double *lapack,
                        const double *X, const double *y, const double *alpha, double *out);

const lf_ridge_kernels LF_NAME(ridge_kernels) = {.solve_float = SOLVE(float),
                                                 .solve_double = SOLVE(double)};
