/* The state that all modules share lives in lidfast._core; the others reach it by this pointer,
 * which each of them sets at import (core/module.h). */
#ifndef LF_API_H
#define LF_API_H

#include <stdint.h>

/* What a kernel returns: one of these, or 1 + the lowest index of a problem that failed. */
typedef int64_t lf_status;
#define LF_OK 0
#define LF_INTERRUPTED (-1) /* a signal handler raised: the Python error is set */
#define LF_NO_MEMORY (-2)

/* Instruction-set levels, oldest first. A build has x86-64-v2 to -v4, or the baseline alone. */
typedef enum { LF_baseline, LF_v2, LF_v3, LF_v4, LF_LEVEL_COUNT } lf_level;

typedef struct {
    lf_level level;
    int (*threads)(void);     /* for the calling Python thread; 1 in a forked child */
    int (*set_local)(int n);  /* the calling thread's own count (0: none); returns the last one */
    int (*interrupted)(void); /* looks for signals a few times a second; true after Ctrl-C */
} lf_core_api;

extern const lf_core_api *lf_core;

#endif
