/* The laws and their kernels. */
#ifndef LF_RANDOM_H
#define LF_RANDOM_H

#include "core/api.h"

/* Variates in a block: one block has one stream. Part of the definition of the streams. */
#define LF_BLOCK 2048

/* The order is that of the table in laws.c and of LAWS in lidfast/random.py. */
typedef enum {
    LF_UNIFORM,
    LF_QUANTILE, /* a table: any law with fixed parameters */
    LF_QUANTILE_FLOOR,
    LF_PARETO,
    LF_WEIBULL,
    LF_LOGNORMAL,
    LF_GAMMA,
    LF_CHISQUARE,
    LF_INVERSE_GAMMA,
    LF_STUDENT_T,
    LF_BETA,
    LF_STABLE,
    LF_GEOMETRIC,
    LF_BINOMIAL,
    LF_POISSON,
    LF_ZIPF,
    LF_LAW_COUNT
} lf_law;

typedef enum { LF_FLOAT64, LF_FLOAT32, LF_INT64 } lf_dtype;

/* A parameter of a law: one value for all variates (step 0) or one for each (step 1). */
typedef struct {
    const double *value;
    int64_t step;
} lf_param;

typedef struct lf_table lf_table; /* random/table.h */
typedef struct lf_single_table lf_single_table;

typedef struct {
    lf_law law;
    lf_dtype dtype;        /* integer laws: LF_INT64, the others not */
    lf_param a, b;         /* of the law */
    lf_param loc, scale;   /* out = loc + scale * variate (LF_FLOAT64); scale.value NULL: no */
    const lf_table *table; /* of LF_QUANTILE, LF_QUANTILE_FLOOR */
    const lf_single_table *single;
    const lf_table *normal, *exponential; /* for the laws made of them */
} lf_draw;

/* One side of a table to be built (random/build.c); of zipf, family, a, b = n and sign alone. */
typedef enum { LF_FAMILY_GAMMA, LF_FAMILY_BETA, LF_FAMILY_STUDENT, LF_FAMILY_ZIPF } lf_family;
typedef enum {
    LF_TRANSFORM_NONE,
    LF_TRANSFORM_RECIPROCAL, /* 1 / x */
    LF_TRANSFORM_POWER,      /* x^c */
    LF_TRANSFORM_EXPM1,      /* e^(c x) - 1 */
} lf_transform;
typedef struct {
    lf_family family;
    lf_transform transform;
    double a, b, c;
    double sign;         /* of dx/dv: 1 for a lower tail of x, -1 for an upper one */
    double x0, q0;       /* at v = 2^-65: the quantile, and v / density (of ln x, logit x, x) */
    double shift, scale; /* of the transformed value, last */
} lf_side;

typedef struct {
    /* out[i], i < n: variate i of call `call` of the generator with this key */
    lf_status (*fill)(const lf_draw *draw, const uint64_t *key, uint64_t call, int64_t n,
                      void *out);
    /* out[i], i < m <= LF_BLOCK: variate i of that block of a call, on the calling thread; the
     * parameters of the draw have one value each */
    void (*block)(const lf_draw *draw, const uint64_t *key, uint64_t call, uint64_t block,
                  int64_t m, void *out);
    double (*build)(const lf_side sides[2], lf_table *table, lf_single_table *single);
    /* the variates that these words give; n a multiple of 8 */
    void (*quantiles)(const lf_table *table, int64_t n, const uint64_t *words, double *out);
    /* a function of core/vecmath.h, elementwise, for the tests */
    void (*vecmath)(int function, int64_t n, const double *x, double *out);
} lf_random_kernels;

#define LF_FAMILY random
#include "core/tables.h"

#endif
