/* Kernels of lidfast.passk. */
#ifndef LF_PASSK_H
#define LF_PASSK_H

#include "core/api.h"

/* Simulated failure curves, each of one trained head; sigma = 1. */
typedef struct {
    int64_t curves, strata, instances, biases, nk;
    const double *root;   /* (curves, strata): sqrt(tau) of a stratum */
    const double *weight; /* (curves, strata): its share of all instances, adding up to 1 */
    const double *scale;  /* (curves,): sqrt(V) of B ~ Normal(0, V), drawn up to `reach` times it */
    const double *bias;   /* (curves, biases): samples of |B|, ascending, or NULL */
    double reach, delta;
    const uint64_t *key; /* (curves, 4) of the streams, which are their own */
    const double *k;     /* (nk,) */
} lf_lid_job;

typedef struct {
    lf_status (*failure_curve)(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                               const double *k, const double allowed[2], int rows, double *out);
    lf_status (*count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                             const int64_t *k, double *fail, double *pass);
    int64_t (*count_lookup)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                            int failures, int64_t least, int64_t rows, int64_t columns, int64_t nk,
                            const double *table, double *out);
    int64_t (*count_tally)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                           int64_t room, int64_t *cells);
    lf_status (*count_means)(int64_t m, const int64_t *n, const int64_t *c, const double *w,
                             int64_t nk, const int64_t *k, double *out);
    int64_t (*count_curves)(int64_t models, int64_t m, const int64_t *n, int64_t model_step,
                            int64_t n_step, const int64_t *c, int64_t nk, const int64_t *k,
                            double *out);
    lf_status (*rising)(int64_t t, const int64_t *start, const double *k, const double *w,
                        const double *low, const double *x, double scale, double *part,
                        double *out);
    lf_status (*mixture)(int kind, int what, const double *law, int64_t n, const double *c,
                         const double *f, double *out);
    lf_status (*attempts)(int64_t n, const double *x, const double *h, double *s, double *log_fail);
    lf_status (*lid_curves)(const lf_lid_job *job, double *out);
} lf_passk_kernels;

#define LF_FAMILY passk
#include "core/tables.h"

#endif
