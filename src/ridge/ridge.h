/* Kernels of lidfast.ridge. */
#ifndef LF_RIDGE_H
#define LF_RIDGE_H

#include "core/api.h"

/* The order is that of METHODS in lidfast/ridge.py. */
typedef enum { LF_RIDGE_AUTO, LF_RIDGE_CHOLESKY, LF_RIDGE_SVD } lf_ridge_method;

/* Where an operand has its numbers: problem b, whose place along the axes of the batch is i, at
 * at + sum_a i[a] batch[a], and there entry (j, k) at j row + k column. Steps count numbers. */
typedef struct {
    const void *at;
    const int64_t *batch;
    int64_t row, column;
} lf_operand;

typedef struct {
    lf_ridge_method method;
    int gram;      /* X holds X'X (d, d), of which the lower triangle is read, and y holds X'y */
    int intercept; /* whether a constant is fitted, too */
    int finite;    /* whether a number that is not finite is a failure, or makes a result of NaN */
    int axes;
    const int64_t *shape; /* (axes,): of the batch */
    int64_t problems, n, d, targets, penalties;
    const int64_t
        *offsets;      /* NULL, or (problems + 1,): problem b is rows offsets[b].. of X and y */
    lf_operand X, y;   /* (n, d), (n, targets) */
    lf_operand alpha;  /* double (penalties, targets) */
    lf_operand weight; /* double (n, 1), or at NULL */
} lf_ridge_job;

/* A kernel fails with 1 + 2 * (the lowest index of a problem that fails) + one of these. */
typedef enum { LF_RIDGE_SINGULAR, LF_RIDGE_NOT_FINITE } lf_ridge_failure;

/* Routines of BLAS and LAPACK, in the signatures of scipy.linalg.cython_blas and cython_lapack. */
#define LF_LAPACK(real)                                                                          \
    typedef struct {                                                                             \
        void (*gemm)(char *transa, char *transb, int *m, int *n, int *k, real *alpha, real *a,   \
                     int *lda, real *b, int *ldb, real *beta, real *c, int *ldc);                \
        void (*gesdd)(char *jobz, int *m, int *n, real *a, int *lda, real *s, real *u, int *ldu, \
                      real *vt, int *ldvt, real *work, int *lwork, int *iwork, int *info);       \
        void (*sytrd)(char *uplo, int *n, real *a, int *lda, real *d, real *e, real *tau,        \
                      real *work, int *lwork, int *info);                                        \
        void (*ormtr)(char *side, char *uplo, char *trans, int *m, int *n, real *a, int *lda,    \
                      real *tau, real *c, int *ldc, real *work, int *lwork, int *info);          \
    } lf_lapack_##real;
LF_LAPACK(float)
LF_LAPACK(double)
#undef LF_LAPACK

struct lf_risk_job;

/* coef (problems, penalties, d, targets), intercept (problems, penalties, targets) */
#define LF_RIDGE_SOLVE(real)                                                                       \
    lf_status (*solve_##real)(const lf_ridge_job *job, const lf_lapack_##real *lapack, real *coef, \
                              real *intercept)
#define LF_RIDGE_LOO(real) \
    lf_status (*loo_##real)(const lf_ridge_job *job, const lf_lapack_##real *lapack, real *out)
typedef struct {
    LF_RIDGE_SOLVE(float);
    LF_RIDGE_SOLVE(double);
    LF_RIDGE_LOO(float);
    LF_RIDGE_LOO(double);
    lf_status (*risk)(const struct lf_risk_job *job, double *risk, double *coef); /* risk.h */
} lf_ridge_kernels;

#define LF_FAMILY ridge
#include "core/tables.h"

#endif
