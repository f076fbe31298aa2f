"""Kernels of lidfast.ridge."""

from libc.stdint cimport int64_t
from scipy.linalg.cython_blas cimport dgemm, dsyrk, sgemm, ssyrk
from scipy.linalg.cython_lapack cimport dgesdd, dpotrf, dpotrs, sgesdd, spotrf, spotrs

cdef extern from "core/module.h":
    ctypedef int64_t lf_status
    int lf_import_core() except -1
    int lf_raise(lf_status status) except -1

cdef extern from "ridge/ridge.h":
    ctypedef int lf_ridge_method
    ctypedef struct lf_ridge_batch:
        lf_ridge_method method
        int64_t problems
        int n
        int d
        int targets
        const int64_t *x_at
        const int64_t *y_at
        const int64_t *alpha_at
        int64_t alpha_step
    ctypedef struct lf_lapack_float:
        void (*syrk)(char *, char *, int *, int *, float *, float *, int *, float *, float *,
                     int *) noexcept nogil
        void (*gemm)(char *, char *, int *, int *, int *, float *, float *, int *, float *, int *,
                     float *, float *, int *) noexcept nogil
        void (*potrf)(char *, int *, float *, int *, int *) noexcept nogil
        void (*potrs)(char *, int *, int *, float *, int *, float *, int *, int *) noexcept nogil
        void (*gesdd)(char *, int *, int *, float *, int *, float *, float *, int *, float *, int *,
                      float *, int *, int *, int *) noexcept nogil
    ctypedef struct lf_lapack_double:
        void (*syrk)(char *, char *, int *, int *, double *, double *, int *, double *, double *,
                     int *) noexcept nogil
        void (*gemm)(char *, char *, int *, int *, int *, double *, double *, int *, double *, int *,
                     double *, double *, int *) noexcept nogil
        void (*potrf)(char *, int *, double *, int *, int *) noexcept nogil
        void (*potrs)(char *, int *, int *, double *, int *, double *, int *, int *) noexcept nogil
        void (*gesdd)(char *, int *, int *, double *, int *, double *, double *, int *, double *, int *,
                      double *, int *, int *, int *) noexcept nogil
    ctypedef struct lf_ridge_kernels:
        lf_status (*solve_float)(const lf_ridge_batch *batch, const lf_lapack_float *lapack,
                                 const float *X, const float *y, const double *alpha, float *out) nogil
        lf_status (*solve_double)(const lf_ridge_batch *batch, const lf_lapack_double *lapack,
                                  const double *X, const double *y, const double *alpha,
                                  double *out) nogil
    const lf_ridge_kernels *lf_ridge_select()

lf_import_core()
cdef const lf_ridge_kernels *kernels = lf_ridge_select()
cdef lf_lapack_float lapack_float = lf_lapack_float(ssyrk, sgemm, spotrf, spotrs, sgesdd)
cdef lf_lapack_double lapack_double = lf_lapack_double(dsyrk, dgemm, dpotrf, dpotrs, dgesdd)

ctypedef fused real:
    float
    double


def solve(int method, const real[:, :, ::1] X, const real[:, :, ::1] y, const double[::1] alpha,
          const int64_t[::1] x_at, const int64_t[::1] y_at, const int64_t[::1] alpha_at,
          int64_t alpha_step, real[:, :, ::1] out):
    """Solve to out (problems, d, targets); return 0, or 1 + the lowest index of a problem that failed."""
    cdef lf_ridge_batch batch = lf_ridge_batch(
        method, out.shape[0], <int>X.shape[1], <int>X.shape[2], <int>y.shape[2],
        &x_at[0], &y_at[0], &alpha_at[0], alpha_step)
    cdef lf_status status
    with nogil:
        if real is float:
            status = kernels.solve_float(&batch, &lapack_float, &X[0, 0, 0], &y[0, 0, 0],
                                         &alpha[0], &out[0, 0, 0])
        else:
            status = kernels.solve_double(&batch, &lapack_double, &X[0, 0, 0], &y[0, 0, 0],
                                          &alpha[0], &out[0, 0, 0])
    lf_raise(status)
    return status
