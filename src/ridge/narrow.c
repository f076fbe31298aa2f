/* Problems with small systems: LF_WIDTH of them at a time, one in each lane of the vectors. */
#include "ridge/lanes.h"
#include "ridge/run.h"

#define LF_STRIPE_ROWS 4096 /* the least rows of a stripe of a long sum */

/* A thread's work space. */
typedef struct {
    int64_t P;                /* lf_whole(size, LF_STRIP) for the largest system */
    real *block;              /* LF_BLOCK(P), or LF_BLOCK(LF_ROWS) for the way back from the dual */
    real *y;                  /* (targets, LF_ROWS) */
    real *gram, *rhs;         /* (LF_WIDTH, P, P), (LF_WIDTH, targets, P) */
    real *part, *part_rhs;    /* (P, P), (targets, P): of a stripe */
    real *dual;               /* (P,) */
    lf_vec *factor;           /* (P, P) */
    lf_vec *bound, *solution; /* (P,) */
    double *mean;             /* (LF_WIDTH, d + targets) with an intercept */
    void *memory;
} lf_narrow;

static int narrow_open(lf_narrow *work, const lf_ridge_job *job)
{
    const size_t P = (size_t)lf_whole(LF_MIN(lf_largest(job), LF_LANES_MAX), LF_STRIP);
    const size_t t = (size_t)job->targets, d = (size_t)job->d;
    const size_t means = job->intercept ? LF_WIDTH * (d + t) : 0;
    const size_t columns = job->offsets || job->n < job->d ? LF_ROWS : P;
    const size_t reals = LF_BLOCK(columns) + t * LF_ROWS + (LF_WIDTH + 1) * (P + t) * P + P;
    char *p = work->memory =
        malloc(64 + (P + 2) * P * sizeof(lf_vec) + reals * sizeof(real) + means * sizeof(double));
    if (!p)
        return 0;
    p += 64 - (uintptr_t)p % 64;
    work->factor = (lf_vec *)p, p += P * P * sizeof(lf_vec);
    work->bound = (lf_vec *)p, p += P * sizeof(lf_vec);
    work->solution = (lf_vec *)p, p += P * sizeof(lf_vec);
    work->mean = (double *)p, p += means * sizeof(double);
    work->block = (real *)p;
    work->gram = work->block + LF_BLOCK(columns);
    work->part = work->gram + LF_WIDTH * P * P;
    work->y = work->part + P * P;
    work->rhs = work->y + t * LF_ROWS;
    work->part_rhs = work->rhs + LF_WIDTH * t * P;
    work->dual = work->part_rhs + t * P;
    work->P = (int64_t)P;
    return 1;
}

/* gram and rhs of terms from..to of the sums. Meanwhile what comes next is fetched, a line for each
 * row of each strip: the next block, or of the dual the next problem. */
static void narrow_sums(const lf_ridge_job *job, const lf_problem *problem, lf_narrow *work,
                        int64_t from, int64_t to, real *gram, real *rhs)
{
    const int dual = lf_dual(job, problem);
    const int64_t size = lf_system(job, problem), P = lf_whole(size, LF_STRIP);
    const int dense = job->X.row == job->d && job->X.column == 1 && job->axes;
    for (int64_t k = from; k < to; k += LF_ROWS) {
        const int64_t rows = LF_MIN(LF_ROWS, to - k);
        const lf_mode mode = k == from ? LF_SET : LF_ADD;
        const real *ahead =
            problem->X + (dual ? problem->n * job->d + k * size : (k + rows) * size);
        const lf_block_view view = lf_view_X(job, problem, dual, k, rows, 0, size, work->block);
        if (!dual)
            lf_pack_y(job, problem, k, rows, LF_ROWS, work->y);
        for (int64_t c = 0; c < P; c += LF_STRIP) {
            lf_diagonal_tile(view, rows, c, dense ? ahead + c * rows : problem->X,
                             dense ? LF_STRIP : 0, mode, gram + c * (P + 1), P);
            lf_strip_below(view, rows, c, c + LF_STRIP, P, mode, gram, P);
            for (int64_t j = 0; j < job->targets && !dual; j++)
                lf_strip_times(view, rows, c, work->y + j * LF_ROWS, mode, rhs + j * P + c);
        }
    }
}

static int64_t stripe_length(int64_t terms)
{
    return LF_MAX(LF_STRIPE_ROWS, lf_whole((terms + LF_STRIPES - 1) / LF_STRIPES, LF_ROWS));
}

static void narrow_add(int64_t count, const real *restrict part, real *restrict sum)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] += part[i];
}

/* gram (P, P), by columns, and rhs (targets, P) of a problem: the stripes of the sums in order. */
static void narrow_system(lf_run *run, const lf_problem *problem, lf_narrow *work, real *gram,
                          real *rhs)
{
    const lf_ridge_job *job = run->job;
    const int dual = lf_dual(job, problem);
    const int64_t P = lf_whole(lf_system(job, problem), LF_STRIP);
    const int64_t terms = dual ? job->d : problem->n, length = stripe_length(terms);
    narrow_sums(job, problem, work, 0, LF_MIN(length, terms), gram, rhs);
    for (int64_t from = length; from < terms && !lf_poll(&run->status); from += length) {
        narrow_sums(job, problem, work, from, LF_MIN(from + length, terms), work->part,
                    work->part_rhs);
        narrow_add(P * P, work->part, gram);
        if (!dual)
            narrow_add(job->targets * P, work->part_rhs, rhs);
    }
    for (int64_t row = 0; row < problem->n && dual; row += LF_ROWS)
        lf_pack_y(job, problem, row, LF_MIN(LF_ROWS, problem->n - row), P, rhs + row);
}

/* Up to LF_WIDTH problems with systems of one size. */
typedef struct {
    int count;
    int64_t size;
    int64_t index[LF_WIDTH];
    lf_problem problem[LF_WIDTH];
    /* their systems: entry (r, c) at r row + c column, and targets j at j target + r rhs_row */
    const real *gram[LF_WIDTH], *rhs[LF_WIDTH];
    int64_t row, column, target, rhs_row;
} lf_group;

/* F = the systems in lanes, and their penalties. Returns the lanes with finite diagonals. */
LF_INLINE lf_mask load_systems(const lf_group *group, const int64_t size, lf_vec alpha, lf_vec *F)
{
    lf_vec probe = {0};
    for (int64_t c = 0; c < size; c++) {
        int64_t at = c * (group->row + group->column);
        for (int64_t r = c; r < size; r++, at += group->row)
            F[c * size + r] = lf_gather(group->gram, at);
        probe += F[c * (size + 1)] * 0;
        F[c * (size + 1)] += alpha;
    }
    return probe == 0;
}

LF_INLINE lf_mask load_rhs(const lf_group *group, const int64_t size, int64_t target, lf_vec *z)
{
    lf_vec probe = {0};
    for (int64_t r = 0; r < size; r++) {
        z[r] = lf_gather(group->rhs, target * group->target + r * group->rhs_row);
        probe += z[r] * 0;
    }
    return probe == 0;
}

/* What a lane's solution still needs: the way back from the dual, and the constant. Returns
 * whether all is finite. */
static int finish_lane(lf_run *run, lf_narrow *work, const lf_group *group, int lane,
                       int64_t penalty, int64_t target, const lf_vec *z)
{
    const lf_ridge_job *job = run->job;
    const lf_problem *problem = &group->problem[lane];
    const int64_t b = group->index[lane];
    int finite = 1;
    if (lf_dual(job, problem)) {
        for (int64_t i = 0; i < group->size; i++)
            work->dual[i] = z[i][lane];
        finite = lf_times_samples(job, problem, 0, job->d, work->dual, work->block,
                                  lf_coef(run, b, penalty) + target);
    }
    return finite && lf_settle_intercept(run, problem, b, penalty, target);
}

/* The lanes of a group where Cholesky is to solve for a penalty and target, of which alpha is set
 * for all. */
LF_INLINE int wanted_lanes(const lf_ridge_job *job, const lf_group *group, int64_t penalty,
                           int64_t target, double alpha[LF_WIDTH])
{
    int wanted = 0;
    for (int i = 0; i < LF_WIDTH; i++) {
        const int lane = i < group->count ? i : 0;
        alpha[i] = lf_penalty(job, &group->problem[lane], penalty, target);
        wanted |= (lane == i && !lf_needs_svd(job, alpha[i])) << i;
    }
    return wanted;
}

/* All that Cholesky solves of a group, for systems of that size. */
LF_INLINE void solve_group(lf_run *run, lf_narrow *work, const lf_group *group, const int64_t size)
{
    const lf_ridge_job *job = run->job;
    const int primal = !lf_dual(job, &group->problem[0]), plain = primal && !job->intercept;
    const int64_t targets = job->targets, each = job->penalties * job->d * targets;
    lf_vec *F = work->factor, *z = work->solution;
    lf_mask finite = {0}, sound = {0};
    lf_vec factored = lf_all(-1); /* the penalties: none is negative */
    int given_up = 0;
    for (int64_t l = 0; l < job->penalties; l++)
        for (int64_t j = 0; j < targets; j++) {
            double alpha[LF_WIDTH];
            lf_vec penalties;
            const int wanted = wanted_lanes(job, group, l, j, alpha) & ~given_up;
            if (!wanted)
                continue;
            for (int i = 0; i < LF_WIDTH; i++)
                penalties[i] = (real)alpha[i];
            if (lf_lanes_where(penalties != factored)) {
                finite = load_systems(group, size, penalties, F);
                sound = lf_lanes_factorize(size, F, work->bound);
                factored = penalties;
            }
            const int numbers = lf_lanes_where(finite & load_rhs(group, size, j, z));
            lf_lanes_solve(size, F, z);
            lf_vec probe = {0};
            for (int64_t i = 0; i < size; i++)
                probe += z[i] * 0;
            const int solved = lf_lanes_where(sound & (probe == 0)) & numbers;
            real *w = lf_coef(run, 0, l) + j;
            for (int i = 0; i < group->count && primal; i++)
                if (wanted & solved & 1 << i)
                    for (int64_t k = 0; k < size; k++)
                        w[group->index[i] * each + k * targets] = z[k][i];
            for (int i = 0; i < group->count && (!plain || wanted & ~solved); i++) {
                if (!(wanted >> i & 1))
                    continue;
                if (!(numbers >> i & 1)) {
                    lf_give_up(run, group->index[i]);
                    given_up |= 1 << i;
                } else if (!(solved >> i & 1) || !finish_lane(run, work, group, i, l, j, z)) {
                    lf_fail(run, group->index[i], LF_RIDGE_SINGULAR);
                }
            }
        }
}

/* For the smallest systems the loops have constant lengths. */
static void solve_group_of(lf_run *run, lf_narrow *work, lf_group *group)
{
    if (!group->count)
        return;
    for (int i = group->count; i < LF_WIDTH; i++) {
        group->gram[i] = group->gram[0];
        group->rhs[i] = group->rhs[0];
    }
    if (group->size == 2)
        solve_group(run, work, group, 2);
    else if (group->size == 3)
        solve_group(run, work, group, 3);
    else if (group->size == 4)
        solve_group(run, work, group, 4);
    else if (group->size == 8)
        solve_group(run, work, group, 8);
    else
        solve_group(run, work, group, group->size);
    group->count = 0;
}

/* Sums of long problems by all threads, stripe by stripe: gram and rhs as narrow_system. */
static void narrow_together(lf_run *run, const lf_problem *problem, lf_narrow *work, int threads,
                            real *gram, real *rhs, real *parts)
{
    const lf_ridge_job *job = run->job;
    const int dual = lf_dual(job, problem);
    const int64_t P = lf_whole(lf_system(job, problem), LF_STRIP);
    const int64_t terms = dual ? job->d : problem->n, length = stripe_length(terms);
    const int64_t stripes = (terms + length - 1) / length, each = P * (P + job->targets);
    (void)threads; /* a build without OpenMP has no other use for it */
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t i = 0; i < stripes; i++)
        if (!lf_poll(&run->status))
            narrow_sums(job, problem, work + lf_thread_index(), i * length,
                        LF_MIN((i + 1) * length, terms), parts + i * each,
                        parts + i * each + P * P);
    memcpy(gram, parts, (size_t)(P * P) * sizeof(real));
    if (!dual)
        memcpy(rhs, parts + P * P, (size_t)(job->targets * P) * sizeof(real));
    for (int64_t i = 1; i < stripes; i++) {
        narrow_add(P * P, parts + i * each, gram);
        if (!dual)
            narrow_add(job->targets * P, parts + i * each + P * P, rhs);
    }
    for (int64_t row = 0; row < problem->n && dual; row += LF_ROWS)
        lf_pack_y(job, problem, row, LF_MIN(LF_ROWS, problem->n - row), P, rhs + row);
}

/* Adds problem b to the group, whose other problems have systems of the same size; it is open in
 * the group's next place. */
LF_INLINE void narrow_join(lf_run *run, lf_narrow *work, lf_group *group, int64_t b,
                           lf_narrow *crew, int threads, real *parts)
{
    const lf_ridge_job *job = run->job;
    const int lane = group->count++;
    const lf_problem *problem = &group->problem[lane];
    group->index[lane] = b;
    real *gram = work->gram + lane * work->P * work->P;
    real *rhs = work->rhs + lane * job->targets * work->P;
    if (crew)
        narrow_together(run, problem, crew, threads, gram, rhs, parts);
    else
        narrow_system(run, problem, work, gram, rhs);
    group->gram[lane] = gram;
    group->rhs[lane] = rhs;
    group->row = 1, group->column = lf_whole(group->size, LF_STRIP);
    group->target = group->column, group->rhs_row = 1;
}

/* Takes problems first..end one after the other. */
static void narrow_range(lf_run *run, lf_narrow *work, int64_t first, int64_t end, lf_narrow *crew,
                         int threads, real *parts)
{
    const lf_ridge_job *job = run->job;
    lf_group group = {0};
    for (int64_t b = first; b < end && !lf_beyond(run, b); b++) {
        lf_problem *problem = &group.problem[group.count];
        if (job->offsets && job->offsets[b] == job->offsets[b + 1]) {
            lf_fill(run, b, 0);
            continue;
        }
        lf_open_problem(job, b, problem);
        const int64_t size = lf_system(job, problem);
        if (size > LF_LANES_MAX || !lf_any_penalty(job, problem, 0))
            continue;
        if (group.count && size != group.size) {
            solve_group_of(run, work, &group);
            lf_open_problem(job, b, &group.problem[0]);
        }
        lf_center(job, work->mean + group.count * (job->d + job->targets),
                  &group.problem[group.count]);
        group.size = size;
        narrow_join(run, work, &group, b, crew, threads, parts);
        if (group.count == LF_WIDTH)
            solve_group_of(run, work, &group);
    }
    solve_group_of(run, work, &group);
}

#define LF_SMALL 8 /* the largest system whose loops have constant lengths */

/* As solve_group for the systems from `first` on, which stand without gaps and have one target and
 * penalty: nothing is looked up for each. Returns where it stopped: short of a whole group, or
 * before one that solve_group must see as something is wrong with it. */
LF_INLINE int64_t solve_gapless(lf_run *run, const int64_t size, int64_t first, int64_t end)
{
    const lf_ridge_job *job = run->job;
    const double *alpha = (const double *)job->alpha.at;
    const int64_t step = job->alpha.batch[0];
    int64_t b = first;
    for (; b + LF_WIDTH <= end; b += LF_WIDTH) {
        lf_group group = {.row = size, .column = 1, .rhs_row = 1};
        lf_vec F[LF_SMALL * LF_SMALL], bound[LF_SMALL], z[LF_SMALL], penalties, probe = {0};
#pragma GCC unroll 8
        for (int l = 0; l < LF_WIDTH; l++) {
            group.gram[l] = (const real *)job->X.at + (b + l) * size * size;
            group.rhs[l] = (const real *)job->y.at + (b + l) * size;
            penalties[l] = (real)alpha[(b + l) * step];
        }
        const lf_mask finite =
            load_systems(&group, size, penalties, F) & load_rhs(&group, size, 0, z);
        const lf_mask sound = lf_lanes_factorize(size, F, bound);
        lf_lanes_solve(size, F, z);
#pragma GCC unroll 8
        for (int64_t i = 0; i < size; i++)
            probe += z[i] * 0;
        if (lf_lanes_where(finite & sound & (probe == 0)) != (1 << LF_WIDTH) - 1)
            break;
#pragma GCC unroll 8
        for (int l = 0; l < LF_WIDTH; l++)
#pragma GCC unroll 8
            for (int64_t i = 0; i < size; i++)
                run->coef[(b + l) * size + i] = z[i][l];
    }
    return b;
}

/* Likewise, of a job whose size is known when it runs. */
static int64_t solve_gapless_of(lf_run *run, int64_t first, int64_t end)
{
    switch (run->job->d) {
    case 2:
        return solve_gapless(run, 2, first, end);
    case 3:
        return solve_gapless(run, 3, first, end);
    case 4:
        return solve_gapless(run, 4, first, end);
    case LF_SMALL:
        return solve_gapless(run, LF_SMALL, first, end);
    default:
        return first;
    }
}

/* As narrow_range, where the systems are given. */
static void narrow_given(lf_run *run, lf_narrow *work, int64_t first, int64_t end)
{
    const lf_ridge_job *job = run->job;
    const int64_t d = job->d;
    const int gapless = job->method == LF_RIDGE_CHOLESKY && job->axes == 1 && job->targets == 1 &&
                        job->penalties == 1 && job->X.batch[0] == d * d && job->X.row == d &&
                        job->X.column == 1 && job->y.batch[0] == d && job->y.row == 1;
    lf_group group = {.size = d,
                      .row = job->X.row,
                      .column = job->X.column,
                      .target = job->y.column,
                      .rhs_row = job->y.row};
    for (int64_t b = first; b < end; b++) {
        if (gapless && !group.count)
            b = solve_gapless_of(run, b, end);
        if (b == end)
            break;
        const int lane = group.count++;
        group.index[lane] = b;
        group.gram[lane] = (const real *)job->X.at + lf_place(job, &job->X, b);
        group.rhs[lane] = (const real *)job->y.at + lf_place(job, &job->y, b);
        group.problem[lane].alpha = (const double *)job->alpha.at + lf_place(job, &job->alpha, b);
        if (group.count == LF_WIDTH)
            solve_group_of(run, work, &group);
    }
    solve_group_of(run, work, &group);
}

void LF_NAME(ridge_narrow)(lf_run *run)
{
    const lf_ridge_job *job = run->job;
    const int64_t terms = LF_MAX(job->n, job->d);
    const int threads = lf_core->threads();
    if (job->problems < threads && terms > LF_STRIPE_ROWS && !job->gram) {
        lf_narrow *work = calloc((size_t)threads, sizeof *work);
        const int64_t P = LF_LANES_MAX;
        real *parts = malloc((size_t)(LF_STRIPES * P * (P + job->targets)) * sizeof(real));
        int opened = 0;
        while (work && opened < threads && narrow_open(work + opened, job))
            opened++;
        if (parts && opened == threads)
            narrow_range(run, work, 0, job->problems, work, threads, parts);
        else
            run->status = LF_NO_MEMORY;
        for (int i = 0; i < opened; i++)
            free(work[i].memory);
        free(parts);
        free(work);
        return;
    }
    /* some problems at a time, in whole groups, and enough of them for each thread */
    const int64_t several =
        LF_WIDTH * LF_MAX(1, LF_MIN(64, job->problems / (threads * 8 * LF_WIDTH)));
#pragma omp parallel num_threads(lf_team((job->problems + several - 1) / several))
    {
        lf_narrow work;
        if (!narrow_open(&work, job))
            __atomic_store_n(&run->status, LF_NO_MEMORY, __ATOMIC_RELAXED);
        while (work.memory && !lf_poll(&run->status)) {
            const int64_t first = __atomic_fetch_add(&run->next, several, __ATOMIC_RELAXED);
            if (first >= job->problems)
                break;
            const int64_t end = LF_MIN(first + several, job->problems);
            if (job->gram)
                narrow_given(run, &work, first, end);
            else
                narrow_range(run, &work, first, end, NULL, 1, NULL);
        }
        free(work.memory);
    }
}
