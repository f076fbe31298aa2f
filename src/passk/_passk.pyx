"""Kernels of lidfast.passk."""

from libc.stdint cimport int64_t

cdef extern from "core/module.h":
    ctypedef int64_t lf_status
    int lf_import_core() except -1
    int lf_raise(lf_status status) except -1

cdef extern from "passk/passk.h":
    ctypedef struct lf_passk_kernels:
        lf_status (*failure_curve)(int64_t n, const double *s, bint is_log, const double *w, int64_t nk,
                                   const double *k, double *out) nogil
        lf_status (*count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                                 const int64_t *k, double *fail, double *success) nogil
    const lf_passk_kernels *lf_passk_select()

lf_import_core()
cdef const lf_passk_kernels *kernels = lf_passk_select()


def failure_curve(const double[::1] s, bint is_log, const double[::1] w, const double[::1] k,
                  double[:, ::1] out):
    """Sum the failure rates and their derivatives in k into out (2, len(k))."""
    cdef const double *weights = NULL
    cdef lf_status status
    if w is not None:
        weights = &w[0]
    with nogil:
        status = kernels.failure_curve(s.shape[0], &s[0], is_log, weights, k.shape[0], &k[0],
                                       &out[0, 0])
    lf_raise(status)


def count_rates(const int64_t[::1] n, const int64_t[::1] c, const int64_t[::1] k,
                double[:, ::1] fail, double[:, ::1] success):
    """Write the failure rates C(n-c, k) / C(n, k) and 1 less them, (len(n), len(k)); None skips one."""
    cdef double *pointer_fail = NULL
    cdef double *pointer_success = NULL
    cdef lf_status status
    if fail is not None:
        pointer_fail = &fail[0, 0]
    if success is not None:
        pointer_success = &success[0, 0]
    with nogil:
        status = kernels.count_rates(n.shape[0], &n[0], &c[0], k.shape[0], &k[0], pointer_fail,
                                     pointer_success)
    lf_raise(status)
