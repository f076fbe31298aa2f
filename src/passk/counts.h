/* pass@k from counts. */
#ifndef LF_COUNTS_H
#define LF_COUNTS_H

#include "core/kernel.h"

lf_status LF_NAME(count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                               const int64_t *k, double *fail, double *pass);

#endif
