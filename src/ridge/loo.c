/* Leave-one-out errors along a path of penalties, in closed form.
 *
 * The smaller Gram matrix is G = Q T Q', T tridiagonal, for all penalties at once; with it, for
 * n > d and row x_i of X, z_i = Q'x_i,
 *     h_i = z_i'(T + alpha I)^-1 z_i,    e_i = (y_i - z_i'c) / (1 - h_i),  c = (T + alpha I)^-1
 * Q'X'y, and for n < d and row z_i of Q h_i = z_i'(T + alpha I)^-1 z_i,    e_i = z_i'c / h_i, c =
 * (T + alpha I)^-1 Q'y, where T + alpha I = L D L', so that h_i is the sum of u_j^2 / D_j over u =
 * L^-1 z_i. */
#include "ridge/lanes.h"
#include "ridge/run.h"

typedef LF_PASTE(lf_lapack, LF_REAL) lf_lapack;

/* Also where n = d: the dual formula has no difference that could cancel. */
static inline int from_dual(const lf_ridge_job *job, const lf_problem *problem)
{
    return problem->n <= job->d;
}

#define GROUP 4 /* vectors of rows whose recurrences run side by side */

/* A thread's work space; m = min(n, d), P = lf_whole(m, LF_STRIP). */
typedef struct {
    real *gram, *block, *y;         /* (P, P) by columns; a block; (targets, LF_ROWS) */
    real *diagonal, *beside, *tau;  /* (m,) each: of T, and of its reflections */
    real *rhs;                      /* (targets, P): Q'X'y or Q'y */
    real *Q, *z;                    /* (m, P) by rows; (LF_ROWS / LF_WIDTH, span): panels of z_i */
    real *ratio, *inverse, *weight; /* (penalties, m): L, 1 / D; (penalties, targets, m): c */
    real *work;                     /* (lwork,) */
    double *sum;                    /* (penalties, targets) */
    int64_t span;                   /* as LF_SPAN, for P in place of LF_ROWS */
    int lwork;
    void *memory;
} lf_loo;

static int loo_open(lf_loo *work, const lf_ridge_job *job)
{
    const size_t m = (size_t)LF_MIN(job->n, job->d), P = (size_t)lf_whole((int64_t)m, LF_STRIP);
    const size_t t = (size_t)job->targets, l = (size_t)job->penalties, span = (P + 2) * LF_WIDTH;
    const size_t block = LF_BLOCK(LF_MAX(P, LF_ROWS));
    /* in LAPACK's blocks of at most 64, with what it keeps of a block's reflections */
    work->lwork = (int)(64 * LF_MAX(LF_MAX(m, t), LF_ROWS) + 65 * 64);
    work->span = (int64_t)span;
    const size_t reals = P * P + block + t * LF_ROWS + t * P + m * P + LF_ROWS / LF_WIDTH * span +
                         3 * m + (2 + t) * l * m + (size_t)work->lwork;
    char *at = work->memory = calloc(1, 64 + reals * sizeof(real) + l * t * sizeof(double));
    if (!at)
        return 0;
    at += 64 - (uintptr_t)at % 64;
    work->sum = (double *)at;
    real *p = (real *)(at + l * t * sizeof(double));
    work->gram = p, p += P * P;
    work->block = p, p += block;
    work->z = p, p += LF_ROWS / LF_WIDTH * span;
    work->y = p, p += t * LF_ROWS;
    work->rhs = p, p += t * P;
    work->Q = p, p += m * P;
    work->diagonal = p, p += m;
    work->beside = p, p += m;
    work->tau = p, p += m;
    work->ratio = p, p += l * m;
    work->inverse = p, p += l * m;
    work->weight = p, p += l * t * m;
    work->work = p;
    return 1;
}

/* G = X'X and rhs = X'y, or G = XX' and rhs = y. Returns whether all is finite. */
static int make_system(lf_run *run, const lf_problem *problem, lf_loo *work)
{
    const lf_ridge_job *job = run->job;
    const int dual = from_dual(job, problem);
    const int64_t m = lf_system(job, problem), P = lf_whole(m, LF_STRIP);
    const int64_t terms = dual ? job->d : job->n;
    for (int64_t k = 0; k < terms && !lf_poll(&run->status); k += LF_ROWS) {
        const int64_t rows = LF_MIN(LF_ROWS, terms - k);
        const lf_mode mode = k ? LF_ADD : LF_SET;
        const lf_block_view view = lf_view_X(job, problem, dual, k, rows, 0, m, work->block);
        if (!dual)
            lf_pack_y(job, problem, k, rows, LF_ROWS, work->y);
        for (int64_t c = 0; c < P; c += LF_STRIP) {
            lf_diagonal_tile(view, rows, c, problem->X, 0, mode, work->gram + c * (P + 1), P);
            lf_strip_below(view, rows, c, c + LF_STRIP, P, mode, work->gram, P);
            for (int64_t j = 0; j < job->targets && !dual; j++)
                lf_strip_times(view, rows, c, work->y + j * LF_ROWS, mode, work->rhs + j * P + c);
        }
    }
    for (int64_t row = 0; row < m && dual; row += LF_ROWS)
        lf_pack_y(job, problem, row, LF_MIN(LF_ROWS, m - row), P, work->rhs + row);
    real probe = 0;
    for (int64_t c = 0; c < m; c++)
        probe += work->gram[c * (P + 1)] * 0;
    for (int64_t j = 0; j < job->targets; j++)
        for (int64_t c = 0; c < m; c++)
            probe += work->rhs[j * P + c] * 0;
    return probe == 0;
}

/* T = Q'GQ in diagonal and beside, Q, and rhs = Q'rhs. */
static int tridiagonalize(const lf_ridge_job *job, const lf_lapack *lapack, int m, lf_loo *work)
{
    int ld = (int)lf_whole(m, LF_STRIP), info = 0, also = 0;
    lapack->sytrd("L", &m, work->gram, &ld, work->diagonal, work->beside, work->tau, work->work,
                  &work->lwork, &info);
    memset(work->Q, 0, (size_t)m * (size_t)ld * sizeof(real));
    for (int64_t i = 0; i < m; i++)
        work->Q[i * (ld + 1)] = 1;
    lapack->ormtr("L", "L", "T", &m, &m, work->gram, &ld, work->tau, work->Q, &ld, work->work,
                  &work->lwork, &also);
    for (int64_t t = 0; t < job->targets; t++) {
        real *rhs = work->rhs + t * ld, *turned = work->inverse; /* not in use yet */
        memset(turned, 0, (size_t)m * sizeof(real));
        for (int64_t k = 0; k < m; k++)
            for (int64_t j = 0; j < m; j++)
                turned[j] += work->Q[k * ld + j] * rhs[k];
        memcpy(rhs, turned, (size_t)m * sizeof(real));
    }
    return info == 0 && also == 0;
}

/* T + alpha I = L D L' and c for all targets of a penalty. Returns whether it is regular. */
static int factorize(const lf_ridge_job *job, int64_t m, int64_t penalty, real alpha, lf_loo *work)
{
    const int64_t P = lf_whole(m, LF_STRIP);
    real *ratio = work->ratio + penalty * m, *inverse = work->inverse + penalty * m, pivot = 0;
    real trace = 0, shifted = 0;
    int sound = 1;
    for (int64_t j = 0; j < m; j++)
        trace += work->diagonal[j] + alpha;
    /* The least eigenvalue exceeds what T is inexact by, if all pivots stay positive without it. */
    const real lost = (real)(LF_LOST * LF_EPSILON) * trace;
    for (int64_t j = 0; j < m; j++) {
        const real beside = j ? work->beside[j - 1] : 0, own = work->diagonal[j] + alpha;
        pivot = j ? own - ratio[j - 1] * beside : own;
        shifted = j ? own - lost - beside * (beside / shifted) : own - lost;
        sound &= shifted > 0;
        inverse[j] = 1 / pivot;
        ratio[j] = j + 1 < m ? work->beside[j] * inverse[j] : 0;
    }
    for (int64_t t = 0; t < job->targets; t++) {
        real *c = work->weight + (penalty * job->targets + t) * m;
        for (int64_t j = 0; j < m; j++)
            c[j] = work->rhs[t * P + j] - (j ? ratio[j - 1] * c[j - 1] : 0);
        for (int64_t j = m - 1; j >= 0; j--)
            c[j] = c[j] * inverse[j] - (j + 1 < m ? ratio[j] * c[j + 1] : 0);
    }
    return sound;
}

/* h for GROUP vectors of rows from z on. */
static inline void leverages(const lf_loo *work, int64_t m, int64_t penalty, const real *z,
                             lf_vec h[GROUP])
{
    const real *ratio = work->ratio + penalty * m, *inverse = work->inverse + penalty * m;
    lf_vec u[GROUP], last = {0};
    for (int g = 0; g < GROUP; g++)
        u[g] = h[g] = (lf_vec){0};
    for (int64_t j = 0; j < m; j++, z += LF_WIDTH) {
        const lf_vec scale = lf_all(inverse[j]);
#pragma GCC unroll 4
        for (int g = 0; g < GROUP; g++) {
            u[g] = lf_fnma_vec(last, u[g], lf_load(z + g * work->span));
            h[g] = lf_fma_vec(u[g] * scale, u[g], h[g]);
        }
        last = lf_all(ratio[j]);
    }
}

/* z'c */
static inline void products(const lf_loo *work, int64_t m, const real *c, const real *z,
                            lf_vec p[GROUP])
{
    for (int g = 0; g < GROUP; g++)
        p[g] = (lf_vec){0};
    for (int64_t j = 0; j < m; j++, z += LF_WIDTH) {
        const lf_vec factor = lf_all(c[j]);
#pragma GCC unroll 4
        for (int g = 0; g < GROUP; g++)
            p[g] = lf_fma_vec(factor, lf_load(z + g * work->span), p[g]);
    }
}

/* Adds to the sums of squares those of some rows, of which z and y are at hand, for one penalty. */
static void add_squares(const lf_ridge_job *job, int dual, int64_t m, lf_loo *work, int64_t rows,
                        int64_t penalty)
{
    for (int64_t first = 0; first < rows; first += GROUP * LF_WIDTH) {
        const real *z = work->z + first / LF_WIDTH * work->span;
        const int64_t count = LF_MIN(GROUP * LF_WIDTH, rows - first);
        lf_vec h[GROUP], p[GROUP];
        leverages(work, m, penalty, z, h);
        for (int64_t t = 0; t < job->targets; t++) {
            const int64_t at = penalty * job->targets + t;
            products(work, m, work->weight + at * m, z, p);
            for (int64_t i = 0; i < count; i++) {
                const double leverage = ((const real *)h)[i], product = ((const real *)p)[i];
                const double y = work->y[t * LF_ROWS + first + i];
                const double error = dual ? product / leverage : (y - product) / (1 - leverage);
                work->sum[at] += error * error;
            }
        }
    }
}

/* z and y of some rows: z_i = Q'x_i, or row i of Q. */
static void turn_rows(const lf_ridge_job *job, const lf_problem *problem, lf_loo *work, int64_t row,
                      int64_t rows)
{
    const int64_t m = lf_system(job, problem), P = lf_whole(m, LF_STRIP);
    lf_pack_y(job, problem, row, rows, LF_ROWS, work->y);
    if (from_dual(job, problem)) {
        lf_pack(work->Q + row * P, 1, P, m, rows, work->span, work->z);
        return;
    }
    const lf_block_view block = {work->block, LF_SPAN, LF_WIDTH};
    for (int64_t k = 0; k < m; k += LF_ROWS) {
        const int64_t count = LF_MIN(LF_ROWS, m - k);
        const lf_block_view Q = {work->Q + k * P, LF_WIDTH, P};
        lf_pack_X(job, problem, 1, k, count, row, rows, work->block);
        for (int64_t first = 0; first < rows; first += GROUP * LF_WIDTH)
            for (int64_t c = 0; c < P; c += 2)
                lf_tile(GROUP, 2, block, Q, count, first, c, k ? LF_ADD : LF_SET,
                        work->z + first / LF_WIDTH * work->span + c * LF_WIDTH, LF_WIDTH,
                        work->span);
    }
}

/* out (penalties, targets). Returns whether it was found; `kind` says why not. */
static int solve_one(lf_run *run, const lf_lapack *lapack, const lf_problem *problem, lf_loo *work,
                     real *out, lf_ridge_failure *kind)
{
    const lf_ridge_job *job = run->job;
    const int dual = from_dual(job, problem);
    const int64_t m = lf_system(job, problem), sums = job->penalties * job->targets;
    *kind = LF_RIDGE_NOT_FINITE;
    if (!make_system(run, problem, work))
        return 0;
    *kind = LF_RIDGE_SINGULAR;
    if (m && !tridiagonalize(job, lapack, (int)m, work))
        return 0;
    for (int64_t l = 0; l < job->penalties; l++)
        if (!factorize(job, m, l, (real)lf_penalty(job, problem, l, 0), work))
            return 0;
    memset(work->sum, 0, (size_t)sums * sizeof(double));
    for (int64_t row = 0; row < job->n && !lf_poll(&run->status); row += LF_ROWS) {
        const int64_t rows = LF_MIN(LF_ROWS, job->n - row);
        turn_rows(job, problem, work, row, rows);
        for (int64_t l = 0; l < job->penalties; l++)
            add_squares(job, dual, m, work, rows, l);
    }
    int finite = 1;
    for (int64_t i = 0; i < sums; i++) {
        out[i] = (real)(work->sum[i] / (double)job->n);
        finite &= isfinite(out[i]) != 0;
    }
    return finite;
}

/* out[b][l][t] = mean_i e_i^2 for penalty l and target t. Fails as ridge_solve.
 * IN   job: X, y, alpha (penalties, 1) >= 0; n, targets, penalties > 0
 * OUT  out (problems, penalties, targets) */
lf_status LF_NAME(ridge_loo)(const lf_ridge_job *job, const lf_lapack *lapack, real *out)
{
    lf_run run = {.job = job, .failed = 2 * job->problems};
    const int64_t sums = job->penalties * job->targets;
#pragma omp parallel num_threads(lf_team(job->problems))
    {
        lf_loo work;
        if (!loo_open(&work, job))
            __atomic_store_n(&run.status, LF_NO_MEMORY, __ATOMIC_RELAXED);
        while (work.memory && !lf_poll(&run.status)) {
            const int64_t b = __atomic_fetch_add(&run.next, 1, __ATOMIC_RELAXED);
            if (b >= job->problems || lf_beyond(&run, b))
                break;
            lf_problem problem;
            lf_ridge_failure kind;
            lf_open_problem(job, b, &problem);
            if (solve_one(&run, lapack, &problem, &work, out + b * sums, &kind))
                continue;
            if (kind == LF_RIDGE_SINGULAR || job->finite)
                lf_fail(&run, b, kind);
            for (int64_t i = 0; i < sums; i++)
                out[b * sums + i] = (real)NAN;
        }
        free(work.memory);
    }
    if (run.status != LF_OK)
        return run.status;
    return run.failed == 2 * job->problems ? LF_OK : 1 + run.failed;
}
