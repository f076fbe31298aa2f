"""Kernels of lidfast.passk."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "core/module.h":
    ctypedef int64_t lf_status
    int lf_import_core() except -1
    int lf_raise(lf_status status) except -1

cdef extern from "core/kernel.h":
    const int LF_STRIPES

cdef extern from "passk/passk.h":
    ctypedef struct lf_lid_job:
        int64_t curves
        int64_t strata
        int64_t instances
        int64_t biases
        int64_t nk
        const double *root
        const double *weight
        const double *scale
        const double *bias
        double reach
        double delta
        const uint64_t *key
        const double *k
    ctypedef struct lf_passk_kernels:
        lf_status (*failure_curve)(int64_t n, const double *s, bint is_log, const double *w, int64_t nk,
                                   const double *k, const double *allowed, int rows,
                                   double *out) nogil
        lf_status (*count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                                 const int64_t *k, double *fail, double *success) nogil
        int64_t (*count_lookup)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                                bint failures, int64_t least, int64_t rows, int64_t columns, int64_t nk,
                                const double *table, double *out) nogil
        int64_t (*count_tally)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                               int64_t room, int64_t *cells) nogil
        lf_status (*count_means)(int64_t m, const int64_t *n, const int64_t *c, const double *w,
                                 int64_t nk, const int64_t *k, double *out) nogil
        int64_t (*count_curves)(int64_t models, int64_t m, const int64_t *n, int64_t model_step,
                                int64_t n_step, const int64_t *c, int64_t nk, const int64_t *k,
                                double *out) nogil
        lf_status (*rising)(int64_t t, const int64_t *start, const double *k, const double *w,
                            const double *low, const double *x, double scale, double *part,
                            double *out) nogil
        lf_status (*mixture)(int kind, int what, const double *law, int64_t n, const double *c,
                             const double *f, double *out) nogil
        lf_status (*attempts)(int64_t n, const double *x, const double *h, double *s,
                              double *log_fail) nogil
        lf_status (*lid_curves)(const lf_lid_job *job, double *out) nogil
    const lf_passk_kernels *lf_passk_select()

lf_import_core()
cdef const lf_passk_kernels *kernels = lf_passk_select()

STRIPES = LF_STRIPES


def failure_curve(const double[::1] s, bint is_log, const double[::1] w, const double[::1] k,
                  double most_lost, double least, double[:, ::1] out):
    """Sum the failure rates, their derivatives in k and, of 3 rows, passing rates into out (:, len(k))."""
    cdef const double *weights = NULL
    cdef double[2] allowed = [most_lost, least]
    cdef lf_status status
    if w is not None:
        weights = &w[0]
    with nogil:
        status = kernels.failure_curve(s.shape[0], &s[0], is_log, weights, k.shape[0], &k[0],
                                       allowed, out.shape[0], &out[0, 0])
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


def count_lookup(const int64_t[::1] n, const int64_t[::1] c, bint failures, int64_t least,
                 const double[:, :, ::1] table, double[:, ::1] out):
    """Copy rows of a table (n - least, c or n - c, len(k)); return how many problems it served.

    n has as many elements as c, or one.
    """
    cdef int64_t done
    with nogil:
        done = kernels.count_lookup(c.shape[0], &n[0], n.shape[0] == c.shape[0], &c[0], failures, least,
                                    table.shape[0], table.shape[1], table.shape[2], &table[0, 0, 0],
                                    &out[0, 0])
    if done < 0:
        lf_raise(done)
    return done


def count_tally(const int64_t[::1] n, const int64_t[::1] c, int64_t[:, ::1] cells):
    """Write distinct (n, c) and their numbers into cells; return how many there are, 0 if not served."""
    cdef int64_t found
    with nogil:
        found = kernels.count_tally(c.shape[0], &n[0], n.shape[0] == c.shape[0], &c[0], cells.shape[1],
                                    &cells[0, 0])
    if found < 0:
        lf_raise(found)
    return found


def count_means(const int64_t[::1] n, const int64_t[::1] c, const double[::1] w, const int64_t[::1] k,
                double[:, ::1] out):
    """Write means of pass@k and of the failure rate and the deviation of both into out (3, len(k))."""
    cdef lf_status status
    with nogil:
        status = kernels.count_means(n.shape[0], &n[0], &c[0], &w[0], k.shape[0], &k[0], &out[0, 0])
    lf_raise(status)


def count_curves(const int64_t[:, :] n, const int64_t[:, ::1] c, const int64_t[::1] k,
                 double[:, :, ::1] out):
    """Write count_means of each row of c into out (len(c), 3, len(k)); return how many rows were served.

    n has the shape of c; its rows may be of any stride, and within a row it is whole or one number.
    """
    cdef int64_t done
    cdef int64_t item = sizeof(int64_t)
    with nogil:
        done = kernels.count_curves(c.shape[0], c.shape[1], &n[0, 0], n.strides[0] // item,
                                    n.strides[1] // item, &c[0, 0], k.shape[0], &k[0], &out[0, 0, 0])
    if done < 0:
        lf_raise(done)
    return done


def rising(const int64_t[::1] start, const double[::1] k, const double[::1] w, const double[:, ::1] low,
           const double[::1] x, double scale, double[:, :, ::1] part, double[:, ::1] out):
    """Sum ln Gamma(x+k) - ln Gamma(x) and its two derivatives over tallies into out (3, len(x))."""
    cdef lf_status status
    cdef const double *terms = NULL
    cdef const double *weights = NULL
    if k.shape[0]:
        terms, weights = &k[0], &w[0]
    with nogil:
        status = kernels.rising(x.shape[0], &start[0], terms, weights, &low[0, 0], &x[0], scale,
                                &part[0, 0, 0], &out[0, 0])
    lf_raise(status)


def mixture(int kind, int what, const double[::1] law, const double[::1] c, const double[::1] f,
            double[:, ::1] out):
    """Write logarithms of integrals against a law, and their derivatives, into out (4, len(c))."""
    cdef lf_status status
    with nogil:
        status = kernels.mixture(kind, what, &law[0], c.shape[0], &c[0], &f[0], &out[0, 0])
    lf_raise(status)


def attempts(const double[::1] x, const double[::1] h, double[::1] s, double[::1] log_fail):
    """Write success probabilities and ln(1 - s) of instances into s and log_fail (len(x),)."""
    cdef lf_status status
    with nogil:
        status = kernels.attempts(x.shape[0], &x[0], &h[0], &s[0], &log_fail[0])
    lf_raise(status)


def lid_curves(const double[:, ::1] root, const double[:, ::1] weight, const double[::1] scale,
               const double[:, ::1] bias, int64_t instances, double reach, double delta,
               const uint64_t[:, ::1] key, const double[::1] k, double[:, :, ::1] out):
    """Write simulated failure rates and their derivatives in k into out (len(root), 2, len(k)).

    One of scale and bias is None.
    """
    cdef lf_lid_job job
    cdef lf_status status
    job.curves, job.strata = root.shape[0], root.shape[1]
    job.instances, job.nk = instances, k.shape[0]
    job.root, job.weight, job.key, job.k = &root[0, 0], &weight[0, 0], &key[0, 0], &k[0]
    job.reach, job.delta = reach, delta
    job.scale, job.bias, job.biases = NULL, NULL, 0
    if bias is None:
        job.scale = &scale[0]
    else:
        job.bias, job.biases = &bias[0, 0], bias.shape[1]
    with nogil:
        status = kernels.lid_curves(&job, &out[0, 0, 0])
    lf_raise(status)
