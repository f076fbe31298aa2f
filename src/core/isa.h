#ifndef LF_ISA_H
#define LF_ISA_H

#include "core/api.h"

/* The name of a level: "x86-64-v3", ...; NULL where this build does not have it. */
const char *lf_isa_name(lf_level level);

/* The level that a name stands for ("x86-64-v3" or "v3"), or LF_LEVEL_COUNT. */
lf_level lf_isa_parse(const char *name);

/* Whether this build has the level and this machine can run it. */
int lf_isa_runs(lf_level level);

/* The level to take when nobody asks: the newest that runs, but never v4, which has to be asked
 * for by name. LF_LEVEL_COUNT where none runs. */
lf_level lf_isa_default(void);

#endif
