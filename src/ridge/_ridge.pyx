"""Kernels of lidfast.ridge."""

from cpython.buffer cimport PyBUF_STRIDED_RO, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t, uint64_t
from scipy.linalg.cython_blas cimport dgemm, sgemm
from scipy.linalg.cython_lapack cimport dgesdd, dormtr, dsytrd, sgesdd, sormtr, ssytrd

from lidfast import _random

cdef extern from "core/module.h":
    ctypedef int64_t lf_status
    int lf_import_core() except -1
    int lf_raise(lf_status status) except -1

cdef extern from "random/random.h":
    ctypedef int lf_dtype
    const lf_dtype LF_FLOAT64
    ctypedef struct lf_draw:
        lf_dtype dtype
    ctypedef struct lf_random_kernels:
        pass

cdef extern from "ridge/risk.h":
    struct lf_risk_job:
        int64_t d
        int64_t curves
        int64_t runs
        const int64_t *first
        const int64_t *size
        const uint64_t *key
        const double *root
        const double *theta
        double ridge
        const lf_random_kernels *random
        const lf_draw *normal
        const lf_draw *noise

cdef extern from "ridge/ridge.h":
    ctypedef int lf_ridge_method
    ctypedef struct lf_operand:
        const void *at
        const int64_t *batch
        int64_t row
        int64_t column
    ctypedef struct lf_ridge_job:
        lf_ridge_method method
        int gram
        int intercept
        int finite
        int axes
        const int64_t *shape
        int64_t problems
        int64_t n
        int64_t d
        int64_t targets
        int64_t penalties
        const int64_t *offsets
        lf_operand X
        lf_operand y
        lf_operand alpha
        lf_operand weight
    ctypedef struct lf_lapack_float:
        void (*gemm)(char *, char *, int *, int *, int *, float *, float *, int *, float *, int *,
                     float *, float *, int *) noexcept nogil
        void (*gesdd)(char *, int *, int *, float *, int *, float *, float *, int *, float *, int *,
                      float *, int *, int *, int *) noexcept nogil
        void (*sytrd)(char *, int *, float *, int *, float *, float *, float *, float *, int *,
                      int *) noexcept nogil
        void (*ormtr)(char *, char *, char *, int *, int *, float *, int *, float *, float *, int *,
                      float *, int *, int *) noexcept nogil
    ctypedef struct lf_lapack_double:
        void (*gemm)(char *, char *, int *, int *, int *, double *, double *, int *, double *, int *,
                     double *, double *, int *) noexcept nogil
        void (*gesdd)(char *, int *, int *, double *, int *, double *, double *, int *, double *, int *,
                      double *, int *, int *, int *) noexcept nogil
        void (*sytrd)(char *, int *, double *, int *, double *, double *, double *, double *, int *,
                      int *) noexcept nogil
        void (*ormtr)(char *, char *, char *, int *, int *, double *, int *, double *, double *, int *,
                      double *, int *, int *) noexcept nogil
    ctypedef struct lf_ridge_kernels:
        lf_status (*solve_float)(const lf_ridge_job *job, const lf_lapack_float *lapack,
                                 float *coef, float *intercept) nogil
        lf_status (*solve_double)(const lf_ridge_job *job, const lf_lapack_double *lapack,
                                  double *coef, double *intercept) nogil
        lf_status (*loo_float)(const lf_ridge_job *job, const lf_lapack_float *lapack, float *out) nogil
        lf_status (*loo_double)(const lf_ridge_job *job, const lf_lapack_double *lapack, double *out) nogil
        lf_status (*risk)(const lf_risk_job *job, double *risk, double *coef) nogil
    const lf_ridge_kernels *lf_ridge_select()

lf_import_core()
cdef const lf_ridge_kernels *kernels = lf_ridge_select()
cdef const lf_random_kernels *random_kernels = <const lf_random_kernels *>PyCapsule_GetPointer(
    _random.kernel_table, "lidfast._random.kernel_table")
cdef lf_lapack_float lapack_float = lf_lapack_float(sgemm, sgesdd, ssytrd, sormtr)
cdef lf_lapack_double lapack_double = lf_lapack_double(dgemm, dgesdd, dsytrd, dormtr)


cdef class Operand:
    """A strided array (..., rows, columns) whose leading axes broadcast to those of the batch."""

    cdef Py_buffer view
    cdef int64_t batch[64]  # as many axes as NumPy's arrays have at most
    cdef lf_operand place

    def __cinit__(self, array, Py_ssize_t axes):
        PyObject_GetBuffer(array, &self.view, PyBUF_STRIDED_RO)
        cdef Py_ssize_t lead = self.view.ndim - 2, size = self.view.itemsize, axis, own
        for axis in range(axes):
            own = lead - axes + axis
            self.batch[axis] = 0 if own < 0 or self.view.shape[own] == 1 else self.view.strides[own] // size
        self.place.at = self.view.buf
        self.place.batch = &self.batch[0]
        self.place.row = self.view.strides[lead] // size
        self.place.column = self.view.strides[lead + 1] // size

    def __dealloc__(self):
        PyBuffer_Release(&self.view)


cdef class Result:
    """A contiguous array to write."""

    cdef Py_buffer view

    def __cinit__(self, array):
        PyObject_GetBuffer(array, &self.view, PyBUF_WRITABLE)

    def __dealloc__(self):
        PyBuffer_Release(&self.view)


def solve(bint loo, int method, bint gram, bint finite, tuple batch, X, y, alpha, weight,
          const int64_t[::1] offsets, int64_t n, coef, intercept):
    """Solve to coef (*batch, penalties, d, targets) and intercept (*batch, penalties, targets) or None.

    X (..., n, d), y (..., n, targets), alpha (..., penalties, targets or 1), weight (..., n, 1) or
    None; with offsets n is that of the longest problem. Return 0, or 1 + 2 * (the lowest index of a
    problem that failed) + why. With `loo`, coef gets leave-one-out errors (*batch, penalties, targets).
    """
    cdef Py_ssize_t axes = len(batch), axis
    cdef int64_t shape[64]
    cdef Operand matrix = Operand(X, axes), targets = Operand(y, axes), penalties = Operand(alpha, axes)
    cdef Operand weights = None if weight is None else Operand(weight, axes)
    cdef Result out = Result(coef), constant = None if intercept is None else Result(intercept)
    cdef lf_ridge_job job
    job.method = method
    job.gram = gram
    job.finite = finite
    job.intercept = intercept is not None
    job.axes = <int>axes
    job.shape = shape
    job.problems = 1
    for axis in range(axes):
        shape[axis] = batch[axis]
        job.problems *= shape[axis]
    job.n = n
    job.d = matrix.view.shape[matrix.view.ndim - 1]
    job.targets = targets.view.shape[targets.view.ndim - 1]
    job.penalties = penalties.view.shape[penalties.view.ndim - 2]
    job.offsets = NULL
    if offsets is not None:
        job.offsets = &offsets[0]
    job.X = matrix.place
    job.y = targets.place
    job.alpha = penalties.place
    if penalties.view.shape[penalties.view.ndim - 1] == 1:
        job.alpha.column = 0
    if weights is None:
        job.weight.at = NULL
    else:
        job.weight = weights.place
    cdef void *values = out.view.buf
    cdef void *constants = NULL if constant is None else constant.view.buf
    cdef bint single = out.view.itemsize == sizeof(float)
    cdef lf_status status
    with nogil:
        if loo and single:
            status = kernels.loo_float(&job, &lapack_float, <float *>values)
        elif loo:
            status = kernels.loo_double(&job, &lapack_double, <double *>values)
        elif single:
            status = kernels.solve_float(&job, &lapack_float, <float *>values, <float *>constants)
        else:
            status = kernels.solve_double(&job, &lapack_double, <double *>values, <double *>constants)
    lf_raise(status)
    return status


cdef lf_draw doubles(plan):
    cdef lf_draw draw = (<const lf_draw *>PyCapsule_GetPointer(plan.capsule(), "lidfast.draw"))[0]
    draw.dtype = LF_FLOAT64
    return draw


def risk(const double[::1] root, const double[::1] theta, const int64_t[::1] first,
         const int64_t[::1] size, const uint64_t[:, ::1] key, double ridge, normal, noise,
         double[:, ::1] risk, double[:, :, ::1] coef):
    """Write risk (sizes, runs) and coef (sizes, runs, d) or None.

    first (curves + 1,), size (sizes,), key (curves, 4); normal and noise are plans of draws. Return 0,
    or 1 + (curve * runs + run) * sizes + the size that failed.
    """
    cdef lf_draw normal_draw = doubles(normal), noise_draw = doubles(noise)
    cdef lf_risk_job job
    job.d = root.shape[0]
    job.curves = key.shape[0]
    job.runs = risk.shape[1]
    job.first = &first[0]
    job.size = &size[0]
    job.key = &key[0, 0]
    job.root = &root[0]
    job.theta = &theta[0]
    job.ridge = ridge
    job.random = random_kernels
    job.normal = &normal_draw
    job.noise = &noise_draw
    cdef double *coefs = NULL if coef is None else &coef[0, 0, 0]
    cdef lf_status status
    with nogil:
        status = kernels.risk(&job, &risk[0, 0], coefs)
    lf_raise(status)
    return status
