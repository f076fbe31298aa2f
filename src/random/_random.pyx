"""Kernels of lidfast.random."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "core/module.h":
    ctypedef int64_t lf_status
    int lf_import_core() except -1
    int lf_raise(lf_status status) except -1

cdef extern from "random/random.h":
    ctypedef int lf_law
    ctypedef int lf_dtype
    ctypedef struct lf_param:
        const double *value
        int64_t step
    ctypedef struct lf_random_kernels:
        lf_status (*fill)(lf_law law, lf_dtype dtype, const uint64_t *key, uint64_t call, int64_t n,
                          lf_param a, lf_param b, void *out) nogil
        void (*vecmath)(int function, int64_t n, const double *x, double *out) nogil
    const lf_random_kernels *lf_random_select()
    const int LF_BLOCK

lf_import_core()
cdef const lf_random_kernels *kernels = lf_random_select()

BLOCK = LF_BLOCK


def fill(int law, int dtype, const uint64_t[::1] key, uint64_t call, int64_t n,
         const double[::1] a, const double[::1] b, unsigned char[::1] out):
    """Write n variates to the bytes of out; a parameter has 1 value or n."""
    cdef lf_param param_a = lf_param(&a[0], a.shape[0] > 1)
    cdef lf_param param_b = lf_param(&b[0], b.shape[0] > 1)
    cdef lf_status status
    if n == 0:
        return
    with nogil:
        status = kernels.fill(law, dtype, &key[0], call, n, param_a, param_b, &out[0])
    lf_raise(status)


def vecmath(int function, const double[::1] x, double[::1] out):
    """Evaluate exp, log, log1p, expm1, sin 2 pi x or cos 2 pi x (functions 0 to 5)."""
    with nogil:
        kernels.vecmath(function, x.shape[0], &x[0], &out[0])
