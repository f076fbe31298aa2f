/* The kernels of this family at this level. */
#include "passk/kernels.h"
#include "passk/passk.h"

const lf_passk_kernels LF_NAME(passk_kernels) = {.failure_curve = LF_NAME(failure_curve),
                                                 .count_rates = LF_NAME(count_rates),
                                                 .count_lookup = LF_NAME(count_lookup),
                                                 .count_tally = LF_NAME(count_tally),
                                                 .count_means = LF_NAME(count_means),
                                                 .count_curves = LF_NAME(count_curves),
                                                 .rising = LF_NAME(rising),
                                                 .mixture = LF_NAME(mixture),
                                                 .attempts = LF_NAME(attempts),
                                                 .lid_curves = LF_NAME(lid_curves)};
