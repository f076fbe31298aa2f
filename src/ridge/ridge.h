/* Kernels of lidfast.ridge. */
#ifndef LF_RIDGE_H
#define LF_RIDGE_H

#include "core/api.h"

/* The order is that of METHODS in lidfast/ridge.py. */
typedef enum { LF_RIDGE_AUTO, LF_RIDGE_CHOLESKY, LF_RIDGE_SVD } lf_ridge_method;

/* Problem b has its matrix at X + x_at[b], its targets at y + y_at[b], its penalties at
 * alpha + alpha_at[b]: what problems share is stored once. alpha_step is 1 where each target has
 * its own penalty, 0 where the problem has one. */
typedef struct {
    lf_ridge_method method;
    int64_t problems;
    int n, d, targets;
    const int64_t *x_at, *y_at, *alpha_at;
    int64_t alpha_step;
} lf_ridge_batch;

/* Routines of BLAS and LAPACK, in the signatures of scipy.linalg.cython_blas and cython_lapack. */
#define LF_LAPACK(real)                                                                          \
    typedef struct {                                                                             \
        void (*syrk)(char *uplo, char *trans, int *n, int *k, real *alpha, real *a, int *lda,    \
                     real *beta, real *c, int *ldc);                                             \
        void (*gemm)(char *transa, char *transb, int *m, int *n, int *k, real *alpha, real *a,   \
                     int *lda, real *b, int *ldb, real *beta, real *c, int *ldc);                \
        void (*potrf)(char *uplo, int *n, real *a, int *lda, int *info);                         \
        void (*potrs)(char *uplo, int *n, int *nrhs, real *a, int *lda, real *b, int *ldb,       \
                      int *info);                                                                \
        void (*gesdd)(char *jobz, int *m, int *n, real *a, int *lda, real *s, real *u, int *ldu, \
                      real *vt, int *ldvt, real *work, int *lwork, int *iwork, int *info);       \
    } lf_lapack_##real;
LF_LAPACK(float)
LF_LAPACK(double)
#undef LF_LAPACK

typedef struct {
    lf_status (*solve_float)(const lf_ridge_batch *batch, const lf_lapack_float *lapack,
                             const float *X, const float *y, const double *alpha, float *out);
    lf_status (*solve_double)(const lf_ridge_batch *batch, const lf_lapack_double *lapack,
                              const double *X, const double *y, const double *alpha, double *out);
} lf_ridge_kernels;

#define LF_FAMILY ridge
#include "core/tables.h"

#endif
