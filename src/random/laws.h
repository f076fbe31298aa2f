/* One law of one block. */
#ifndef LF_LAWS_H
#define LF_LAWS_H

#include "core/stream.h"
#include "random/random.h"

/* Integer laws write int64, the others double. */
typedef union {
    double real;
    int64_t integer;
} lf_variate;

/* Writes the first m <= LF_BLOCK variates of the block that the stream opens. The first m - 1 of
 * them do not depend on m. */
typedef void lf_law_block(lf_stream *stream, int64_t m, lf_param a, lf_param b,
                          lf_variate *restrict out);

lf_law_block *LF_NAME(law_block)(lf_law law);

#endif
