/* The kernels of this family, each described where it is made. */
#ifndef LF_PASSK_KERNELS_H
#define LF_PASSK_KERNELS_H

#include "core/kernel.h"
#include "passk/passk.h"

lf_status LF_NAME(failure_curve)(int64_t n, const double *s, int is_log, const double *w,
                                 int64_t nk, const double *k, const double allowed[2], int rows,
                                 double *out);
lf_status LF_NAME(count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                               const int64_t *k, double *fail, double *pass);
int64_t LF_NAME(count_lookup)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                              int failures, int64_t least, int64_t rows, int64_t columns,
                              int64_t nk, const double *table, double *out);
int64_t LF_NAME(count_tally)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                             int64_t room, int64_t *cells);
lf_status LF_NAME(count_means)(int64_t m, const int64_t *n, const int64_t *c, const double *w,
                               int64_t nk, const int64_t *k, double *out);
int64_t LF_NAME(count_curves)(int64_t models, int64_t m, const int64_t *n, int64_t model_step,
                              int64_t n_step, const int64_t *c, int64_t nk, const int64_t *k,
                              double *out);
lf_status LF_NAME(rising)(int64_t t, const int64_t *start, const double *k, const double *w,
                          const double *low, const double *x, double scale, double *part,
                          double *out);
lf_status LF_NAME(mixture)(int kind, int what, const double *law, int64_t n, const double *c,
                           const double *f, double *out);
lf_status LF_NAME(attempts)(int64_t n, const double *x, const double *h, double *s,
                            double *log_fail);
lf_status LF_NAME(lid_curves)(const lf_lid_job *job, double *out);

#endif
