/* Kernels of lidfast.passk. */
#ifndef LF_PASSK_H
#define LF_PASSK_H

#include "core/api.h"

typedef struct {
    lf_status (*failure_curve)(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                               const double *k, double *out);
    lf_status (*count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                             const int64_t *k, double *fail, double *pass);
} lf_passk_kernels;

#define LF_FAMILY passk
#include "core/tables.h"

#endif
