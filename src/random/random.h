/* The laws and their kernel. */
#ifndef LF_RANDOM_H
#define LF_RANDOM_H

#include "core/api.h"

/* Variates in a block: one block has one stream. Part of the definition of the streams. */
#define LF_BLOCK 2048

/* The order is that of the table in laws.c and of LAWS in lidfast/random.py. */
typedef enum {
    LF_UNIFORM,
    LF_UNIFORM_FLOAT,
    LF_NORMAL,
    LF_EXPONENTIAL,
    LF_GAMMA,
    LF_STUDENT_T,
    LF_PARETO,
    LF_BETA,
    LF_GEOMETRIC,
    LF_BINOMIAL,
    LF_LAW_COUNT
} lf_law;

typedef enum { LF_FLOAT64, LF_FLOAT32, LF_INT64 } lf_dtype;

/* A parameter of a law: one value for all variates (step 0) or one for each (step 1). */
typedef struct {
    const double *value;
    int64_t step;
} lf_param;

typedef struct {
    lf_status (*fill)(lf_law law, lf_dtype dtype, const uint64_t *key, uint64_t call, int64_t n,
                      lf_param a, lf_param b, void *out);
    /* a function of core/vecmath.h, elementwise, for the tests */
    void (*vecmath)(int function, int64_t n, const double *x, double *out);
} lf_random_kernels;

#define LF_FAMILY random
#include "core/tables.h"

#endif
