/* Problems with large systems, by one thread each; or, where problems are fewer than threads, by
 * all threads together. */
#include "ridge/run.h"
#include "ridge/wide.h"

/* Operations of a problem from which threads that meet a few times save more than they wait. */
#define WORTHWHILE 5e7

/* A crew's work space. P = lf_whole(size, LF_STRIP), ld = P or the next multiple of LF_STRIP that
 * no large power of two divides: columns a power of two apart would share their places in L1. */
typedef struct {
    int64_t ld;
    real *block, *y;           /* LF_BLOCK(P); (targets, LF_ROWS) */
    real *gram, *factor;       /* (P, ld), by columns; the same place if factorized once */
    real *rhs, *solution;      /* (targets, P) */
    real *diagonal, *features; /* (P,); (crew, LF_BLOCK(LF_ROWS)) */
    double *mean;              /* (d + targets,) */
    lf_problem problem;
    int finite, sound;
    void *memory;
} lf_wide;

static int wide_open(lf_wide *work, const lf_ridge_job *job, int crew)
{
    const int64_t P = lf_whole(lf_largest(job), LF_STRIP);
    const size_t t = (size_t)job->targets, ld = (size_t)(P | LF_STRIP), p = (size_t)P;
    const int once = job->penalties == 1 && !job->alpha.column;
    const size_t reals = LF_BLOCK(p) + t * LF_ROWS + (once ? 1 : 2) * p * ld + 2 * t * p + p +
                         (size_t)crew * LF_BLOCK(LF_ROWS);
    const size_t means = job->intercept ? (size_t)job->d + t : 0;
    char *at = work->memory = malloc(64 + reals * sizeof(real) + means * sizeof(double));
    if (!at)
        return 0;
    at += 64 - (uintptr_t)at % 64;
    work->ld = (int64_t)ld;
    work->gram = (real *)at;
    work->factor = once ? work->gram : work->gram + p * ld;
    work->block = work->factor + p * ld;
    work->features = work->block + LF_BLOCK(p);
    work->y = work->features + (size_t)crew * LF_BLOCK(LF_ROWS);
    work->rhs = work->y + t * LF_ROWS;
    work->solution = work->rhs + t * p;
    work->diagonal = work->solution + t * p;
    work->mean = (double *)(at + lf_whole((int64_t)(reals * sizeof(real)), sizeof(double)));
    return 1;
}

/* gram and rhs of the problem, block after block. */
static void wide_system(lf_crew crew, const lf_ridge_job *job, lf_wide *work, lf_status *status)
{
    const lf_problem *problem = &work->problem;
    const int dual = lf_dual(job, problem);
    const int64_t size = lf_system(job, problem), P = lf_whole(size, LF_STRIP), ld = work->ld;
    const int64_t terms = dual ? job->d : problem->n;
    const lf_block_view view = {work->block, LF_SPAN, LF_WIDTH};
    const int dense = job->X.row == job->d && job->X.column == 1 && !dual;
    for (int64_t k = 0; k < terms; k += LF_ROWS) {
        const int64_t rows = LF_MIN(LF_ROWS, terms - k);
        const lf_mode mode = k ? LF_ADD : LF_SET;
        const real *ahead = problem->X + (k + rows) * size;
        const int64_t from = lf_share(crew, rows, LF_WIDTH, crew.index);
        const int64_t to = lf_share(crew, rows, LF_WIDTH, crew.index + 1);
        lf_pack_X(job, problem, dual, k + from, to - from, 0, size, work->block + from * LF_WIDTH);
        if (!dual)
            lf_pack_y(job, problem, k + from, to - from, LF_ROWS, work->y + from);
        lf_meet(crew);
        for (int64_t c = 0; c < P && !lf_poll(status); c += LF_STRIP) {
            if (!lf_mine(crew, c / LF_STRIP))
                continue;
            lf_diagonal_tile(view, rows, c, dense ? ahead + c * rows : problem->X,
                             dense ? LF_STRIP : 0, mode, work->gram + c * (ld + 1), ld);
            lf_strip_below(view, rows, c, c + LF_STRIP, P, mode, work->gram, ld);
            for (int64_t j = 0; j < job->targets && !dual; j++)
                lf_strip_times(view, rows, c, work->y + j * LF_ROWS, mode, work->rhs + j * P + c);
        }
        lf_meet(crew);
    }
    if (dual && crew.index == 0)
        for (int64_t row = 0; row < problem->n; row += LF_ROWS)
            lf_pack_y(job, problem, row, LF_MIN(LF_ROWS, problem->n - row), P, work->rhs + row);
}

/* As wide_system, from the operands themselves. */
static void wide_copy(const lf_ridge_job *job, lf_wide *work)
{
    const lf_problem *problem = &work->problem;
    const int64_t P = lf_whole(job->d, LF_STRIP);
    for (int64_t c = 0; c < job->d; c++)
        for (int64_t r = c; r < job->d; r++)
            work->gram[c * work->ld + r] = problem->X[r * job->X.row + c * job->X.column];
    for (int64_t c = 0; c < job->d; c++)
        for (int64_t r = job->d; r < P; r++)
            work->gram[c * work->ld + r] = 0;
    for (int64_t j = 0; j < job->targets; j++)
        for (int64_t r = 0; r < job->d; r++)
            work->rhs[j * P + r] = problem->y[r * job->y.row + j * job->y.column];
}

/* What remains is the system's padding: an identity, and zeros. Notes whether all is finite. */
static void wide_finish(const lf_ridge_job *job, lf_wide *work)
{
    const int64_t size = lf_system(job, &work->problem), P = lf_whole(size, LF_STRIP);
    real probe = 0;
    for (int64_t c = size; c < P; c++) {
        memset(work->gram + c * work->ld + c, 0, (size_t)(P - c) * sizeof(real));
        work->gram[c * (work->ld + 1)] = 1;
    }
    for (int64_t c = 0; c < size; c++)
        probe += work->gram[c * (work->ld + 1)] * 0;
    for (int64_t j = 0; j < job->targets; j++) {
        for (int64_t r = 0; r < size; r++)
            probe += work->rhs[j * P + r] * 0;
        for (int64_t r = size; r < P; r++)
            work->rhs[j * P + r] = 0;
    }
    work->finite = probe == 0;
}

/* factor = Cholesky factor of gram + alpha I */
static void wide_factor(lf_crew crew, const lf_ridge_job *job, lf_wide *work, double alpha,
                        lf_status *status)
{
    const int64_t size = lf_system(job, &work->problem), P = lf_whole(size, LF_STRIP);
    const int64_t ld = work->ld;
    if (work->factor != work->gram)
        for (int64_t c = 0; c < P; c++)
            if (lf_mine(crew, c))
                memcpy(work->factor + c * (ld + 1), work->gram + c * (ld + 1),
                       (size_t)(P - c) * sizeof(real));
    lf_meet(crew);
    if (crew.index == 0) {
        for (int64_t c = 0; c < size; c++)
            work->factor[c * (ld + 1)] += (real)alpha;
        for (int64_t c = 0; c < P; c++)
            work->diagonal[c] = work->factor[c * (ld + 1)];
        work->sound = 1;
    }
    lf_meet(crew);
    lf_wide_factorize(crew, P, ld, work->diagonal, work->factor, &work->sound, status);
}

/* Targets from..to of one penalty. */
static void wide_targets(lf_run *run, lf_crew crew, lf_wide *work, int64_t b, int64_t penalty,
                         int64_t from, int64_t to)
{
    const lf_ridge_job *job = run->job;
    const lf_problem *problem = &work->problem;
    const int64_t size = lf_system(job, problem), P = lf_whole(size, LF_STRIP);
    const int dual = lf_dual(job, problem);
    int finite = 1;
    for (int64_t j = from; j < to; j++) {
        if (j % crew.size != crew.index || lf_poll(&run->status))
            continue;
        real *z = work->solution + j * P, *w = lf_coef(run, b, penalty) + j, probe = 0;
        memcpy(z, work->rhs + j * P, (size_t)P * sizeof(real));
        lf_wide_solve(P, work->ld, work->factor, z);
        for (int64_t i = 0; i < size && !dual; i++) {
            probe += z[i] * 0;
            w[i * job->targets] = z[i];
        }
        finite &= probe == 0;
    }
    lf_meet(crew);
    if (dual) {
        const int64_t first = lf_share(crew, job->d, LF_ROWS, crew.index);
        const int64_t end = lf_share(crew, job->d, LF_ROWS, crew.index + 1);
        for (int64_t j = from; j < to && !lf_poll(&run->status); j++)
            finite &= lf_times_samples(job, problem, first, end, work->solution + j * P,
                                       work->features + crew.index * LF_BLOCK(LF_ROWS),
                                       lf_coef(run, b, penalty) + j);
        lf_meet(crew);
    }
    if (crew.index == 0)
        for (int64_t j = from; j < to; j++)
            finite &= lf_settle_intercept(run, problem, b, penalty, j);
    if (!finite)
        lf_fail(run, b, LF_RIDGE_SINGULAR);
}

/* All threads of the crew come here together. */
static void wide_problem(lf_run *run, lf_crew crew, lf_wide *work, int64_t b)
{
    const lf_ridge_job *job = run->job;
    lf_meet(crew);
    if (crew.index == 0) {
        lf_open_problem(job, b, &work->problem);
        if (work->problem.n)
            lf_center(job, work->mean, &work->problem);
    }
    lf_meet(crew);
    const lf_problem *problem = &work->problem;
    if (lf_system(job, problem) <= LF_LANES_MAX || !lf_any_penalty(job, problem, 0))
        return;
    if (!job->gram)
        wide_system(crew, job, work, &run->status);
    else if (crew.index == 0)
        wide_copy(job, work);
    if (crew.index == 0)
        wide_finish(job, work);
    lf_meet(crew);
    if (!work->finite) {
        if (crew.index == 0)
            lf_give_up(run, b);
        return;
    }
    for (int64_t l = 0; l < job->penalties; l++)
        for (int64_t from = 0, to; from < job->targets; from = to) {
            const double alpha = lf_penalty(job, problem, l, from);
            to = from + 1;
            while (to < job->targets && lf_penalty(job, problem, l, to) == alpha)
                to++;
            if (lf_needs_svd(job, alpha))
                continue;
            wide_factor(crew, job, work, alpha, &run->status);
            if (work->sound)
                wide_targets(run, crew, work, b, l, from, to);
            else if (crew.index == 0)
                lf_fail(run, b, LF_RIDGE_SINGULAR);
            lf_meet(crew);
        }
}

void LF_NAME(ridge_wide)(lf_run *run)
{
    const lf_ridge_job *job = run->job;
    const double size = (double)lf_largest(job), terms = (double)LF_MAX(job->n, job->d);
    const int threads = lf_core->threads();
    const int together = job->problems < threads && size * size * (terms + size / 3) > WORTHWHILE;
    lf_wide shared;
    if (together && !wide_open(&shared, job, threads)) {
        run->status = LF_NO_MEMORY;
        return;
    }
    run->next = 0;
#pragma omp parallel num_threads(together ? threads : lf_team(job->problems))
    {
        lf_wide own;
        lf_crew crew = {0, 1};
#ifdef _OPENMP
        if (together)
            crew = (lf_crew){omp_get_thread_num(), omp_get_num_threads()};
#endif
        if (!together && !wide_open(&own, job, 1))
            __atomic_store_n(&run->status, LF_NO_MEMORY, __ATOMIC_RELAXED);
        else if (together)
            for (int64_t b = 0; b < job->problems; b++)
                wide_problem(run, crew, &shared, b);
        else
            for (int64_t b;
                 (b = __atomic_fetch_add(&run->next, 1, __ATOMIC_RELAXED)) < job->problems &&
                 !lf_poll(&run->status) && !lf_beyond(run, b);)
                wide_problem(run, crew, &own, b);
        if (!together)
            free(own.memory);
    }
    if (together)
        free(shared.memory);
}
