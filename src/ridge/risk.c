/* Excess risk of ridge regression on features that are drawn: tile by tile, and again where they
 * are needed again. What is added to what depends on d and the size alone, not on the other sizes
 * of a curve. */
#define LF_REAL double /* the draws are, too */
#include "ridge/risk.h"
#include "ridge/wide.h"

#define COLUMNS 16 /* of a tile: LF_ROWS samples of so many features are a block of the stream */
_Static_assert(LF_ROWS *COLUMNS == LF_BLOCK, "tiles are part of the definition of the streams");

/* What all threads share. */
typedef struct {
    const lf_risk_job *job;
    double *risk, *coef;
    double *root, *theta;  /* (tiles * COLUMNS,): the job's, with zeros behind them */
    int64_t tiles;         /* across the features */
    int64_t system, duals; /* the largest system; the most sizes of a curve that have a dual */
    int64_t failed;        /* (curve * runs + run) * sizes + size: the lowest so far */
    int64_t next;          /* the next run of a curve to be taken by a thread */
    lf_status status;
} lf_risk_run;

/* A thread's work space, and the run that it is at. P is the largest system in whole strips, ld as
 * in wide.c. */
typedef struct {
    lf_risk_run *run;
    int64_t curve, index; /* of the run: curve * runs + run */
    int64_t ld, P;
    double *gram, *factor;  /* (P, ld), by columns; the same place if all curves have one size */
    double *block;          /* (P / LF_WIDTH, LF_SPAN): LF_ROWS rows of P columns */
    double *rhs, *diagonal; /* (P,) */
    double *solution;       /* (duals or 1, P) */
    double *tile, *noise;   /* (LF_BLOCK,) */
    int64_t noise_block;    /* that stands in noise; -1: none */
    void *memory;
} lf_risk;

static int risk_open(lf_risk *work, lf_risk_run *run)
{
    const lf_risk_job *job = run->job;
    const int once = job->first[job->curves] == job->curves;
    const size_t P = (size_t)lf_whole(run->system, LF_STRIP), ld = P | LF_STRIP;
    const size_t solutions = (size_t)LF_MAX(1, run->duals);
    const size_t block = P / LF_WIDTH * LF_SPAN;
    *work = (lf_risk){.run = run, .P = (int64_t)P, .ld = (int64_t)ld};
    if (P >> 28) /* the sum would overflow */
        return 0;
    char *at = work->memory =
        malloc(64 + ((once ? 1 : 2) * P * ld + block + (2 + solutions) * P + 2 * LF_BLOCK) *
                        sizeof(double));
    if (!at)
        return 0;
    at += 64 - (uintptr_t)at % 64;
    work->gram = (double *)at;
    work->factor = once ? work->gram : work->gram + P * ld;
    work->block = work->factor + P * ld;
    work->tile = work->block + block;
    work->noise = work->tile + LF_BLOCK;
    work->rhs = work->noise + LF_BLOCK;
    work->diagonal = work->rhs + P;
    work->solution = work->diagonal + P;
    return 1;
}

static lf_block_view view_of(const lf_risk *work)
{
    return (lf_block_view){work->block, LF_SPAN, LF_WIDTH};
}

/* out[i]: the first m variates of a block of the run's features (which = 0) or noise (1) */
static void draw(const lf_risk *work, int which, int64_t block, int64_t m, double *out)
{
    const lf_risk_job *job = work->run->job;
    const uint64_t call = (uint64_t)(2 * (work->index % job->runs) + which);
    job->random->block(which ? job->noise : job->normal, job->key + 4 * work->curve, call,
                       (uint64_t)block, m, out);
}

/* tile[i][j]: feature COLUMNS * across + j of sample `row` + i, before it is scaled */
static void draw_tile(const lf_risk *work, int64_t row, int64_t rows, int64_t across)
{
    draw(work, 0, row / LF_ROWS * work->run->tiles + across, rows * COLUMNS, work->tile);
}

/* The block of samples row .. row + rows - 1 of all features, of which `row` is the first of a
 * tile. */
static void draw_samples(const lf_risk *work, int64_t row, int64_t rows)
{
    const int64_t P = lf_whole(work->run->job->d, LF_STRIP);
    for (int64_t first = 0; first < P; first += COLUMNS) {
        draw_tile(work, row, rows, first / COLUMNS);
        for (int64_t c = first; c < LF_MIN(first + COLUMNS, P); c += LF_WIDTH) {
            const lf_vec root = lf_load(work->run->root + c);
            const double *from = work->tile + c - first;
            double *to = work->block + c / LF_WIDTH * LF_SPAN;
            for (int64_t k = 0; k < rows; k++)
                lf_store(lf_load(from + k * COLUMNS) * root, to + k * LF_WIDTH);
        }
    }
}

/* The block of features feature .. feature + LF_ROWS - 1, as far as there are, of the first
 * `samples` samples; samples behind them, up to whole strips, are 0. */
static void draw_features(const lf_risk *work, int64_t feature, int64_t samples)
{
    const int64_t count = LF_MIN(LF_ROWS, work->run->job->d - feature);
    for (int64_t row = 0; row < samples; row += LF_ROWS) {
        const int64_t rows = LF_MIN(LF_ROWS, samples - row), padded = lf_whole(rows, LF_STRIP);
        for (int64_t f = 0; f < count; f += COLUMNS) {
            const double *root = work->run->root + feature + f;
            draw_tile(work, row, rows, (feature + f) / COLUMNS);
            memset(work->tile + rows * COLUMNS, 0,
                   (size_t)((padded - rows) * COLUMNS) * sizeof(double));
            for (int64_t i = 0; i < padded; i += LF_WIDTH)
                for (int64_t j = 0; j < COLUMNS; j += LF_WIDTH) {
                    double *to = work->block + (row + i) / LF_WIDTH * LF_SPAN + (f + j) * LF_WIDTH;
                    lf_vec x[LF_WIDTH];
                    for (int l = 0; l < LF_WIDTH; l++)
                        x[l] = lf_load(work->tile + (i + l) * COLUMNS + j) * lf_load(root + j);
                    lf_transpose(x);
                    for (int l = 0; l < LF_WIDTH; l++)
                        lf_store(x[l], to + l * LF_WIDTH);
                }
        }
    }
}

/* Noise of sample `row` on, to the end of its block, of a run with so many samples in all. */
static const double *noise_from(lf_risk *work, int64_t row, int64_t samples)
{
    const int64_t block = row / LF_BLOCK, first = block * LF_BLOCK;
    if (block != work->noise_block)
        draw(work, 1, block, LF_MIN(LF_BLOCK, samples - first), work->noise);
    work->noise_block = block;
    return work->noise + (row - first);
}

/* S (+)= B'B for the first `rows` rows of the block and whole strips of columns */
static void add_products(const lf_risk *work, int64_t rows, int64_t columns, lf_mode mode,
                         double *S)
{
    const lf_block_view view = view_of(work);
    for (int64_t c = 0; c < columns && !lf_poll(&work->run->status); c += LF_STRIP) {
        double *corner = S + c * (work->ld + 1);
        lf_diagonal_tile(view, rows, c, corner, 0, mode, corner, work->ld);
        lf_strip_below(view, rows, c, c + LF_STRIP, columns, mode, S, work->ld);
    }
}

/* out (+)= B'y */
static void add_times(const lf_risk *work, int64_t rows, int64_t columns, const double *y,
                      lf_mode mode, double *out)
{
    for (int64_t c = 0; c < columns; c += LF_STRIP)
        lf_strip_times(view_of(work), rows, c, y, mode, out + c);
}

/* out[k] = sum_c B[k][c] z[c]; z is 0 from `columns` to whole strips */
static void times_columns(const lf_risk *work, int64_t rows, int64_t columns, const double *z,
                          double *out)
{
    lf_vec sum[LF_ROWS];
    memset(sum, 0, sizeof sum);
    for (int64_t c = 0; c < columns; c += LF_WIDTH) {
        const lf_vec factor = lf_load(z + c);
        const double *from = work->block + c / LF_WIDTH * LF_SPAN;
        for (int64_t k = 0; k < rows; k++)
            sum[k] = lf_fma_vec(lf_load(from + k * LF_WIDTH), factor, sum[k]);
    }
    for (int64_t k = 0; k < rows; k++)
        out[k] = (sum[k][0] + sum[k][1]) + (sum[k][2] + sum[k][3]);
}

/* The first `size` columns of the system, to where they may be factorized. */
static void copy_system(const lf_risk *work, int64_t size)
{
    for (int64_t c = 0; c < size && work->factor != work->gram; c++)
        memcpy(work->factor + c * (work->ld + 1), work->gram + c * (work->ld + 1),
               (size_t)(size - c) * sizeof(double));
}

/* z = (A + alpha I)^-1 z for the system A (size, size) in `factor`; z has place for whole strips.
 * Returns whether no pivot is lost. */
static int solve(const lf_risk *work, int64_t size, double alpha, double *z)
{
    const int64_t P = lf_whole(size, LF_STRIP), ld = work->ld;
    int sound = 1;
    for (int64_t c = 0; c < P; c++) {
        double *own = work->factor + c * ld;
        for (int64_t r = LF_MAX(c, size); r < P; r++) /* the padding: an identity */
            own[r] = r == c;
        own[c] += c < size ? alpha : 0;
        work->diagonal[c] = own[c];
    }
    for (int64_t r = size; r < P; r++)
        z[r] = 0;
    lf_wide_factorize((lf_crew){0, 1}, P, ld, work->diagonal, work->factor, &sound,
                      &work->run->status);
    lf_wide_solve(P, ld, work->factor, z);
    return sound;
}

/* Features from..to of a size's error w - theta: adds to its risk. */
static void add_errors(const lf_risk *work, int64_t size, int64_t from, int64_t to,
                       const double *error)
{
    const lf_risk_run *run = work->run;
    const int64_t at = size * run->job->runs + work->index % run->job->runs;
    double sum = 0;
    for (int64_t j = from; j < to; j++) {
        const double scaled = run->root[j] * error[j - from];
        sum += scaled * scaled;
        if (run->coef)
            run->coef[at * run->job->d + j] = run->theta[j] + error[j - from];
    }
    run->risk[at] += sum;
}

static void note_failure(const lf_risk *work, int64_t size)
{
    lf_risk_run *run = work->run;
    const int64_t key = work->index * run->job->first[run->job->curves] + size;
    int64_t lowest = __atomic_load_n(&run->failed, __ATOMIC_RELAXED);
    while (key < lowest && !__atomic_compare_exchange_n(&run->failed, &lowest, key, 0,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* Sizes from..to, which are below d: w = X'(XX' + alpha I)^-1 y. */
static void dual_sizes(lf_risk *work, int64_t from, int64_t to)
{
    const lf_risk_run *run = work->run;
    const lf_risk_job *job = run->job;
    const int64_t d = job->d, n = job->size[to - 1], P = lf_whole(n, LF_STRIP);
    for (int64_t i = 0; i < n; i += LF_BLOCK)
        memcpy(work->rhs + i, noise_from(work, i, n),
               (size_t)LF_MIN(LF_BLOCK, n - i) * sizeof(double));
    for (int64_t i = n; i < P; i++)
        work->rhs[i] = 0;
    for (int64_t first = 0; first < d; first += LF_ROWS) {
        const int64_t count = LF_MIN(LF_ROWS, d - first);
        draw_features(work, first, n);
        add_products(work, count, P, first ? LF_ADD : LF_SET, work->gram);
        add_times(work, count, P, run->theta + first, LF_ADD, work->rhs);
    }
    for (int64_t i = from; i < to && !lf_poll(&work->run->status); i++) {
        double *z = work->solution + (i - from) * work->P;
        copy_system(work, job->size[i]);
        memcpy(z, work->rhs, (size_t)job->size[i] * sizeof(double));
        if (!solve(work, job->size[i], job->ridge * (double)job->size[i], z))
            note_failure(work, i);
    }
    /* backwards: the last features are in the block still */
    const int64_t last = (d - 1) / LF_ROWS * LF_ROWS;
    for (int64_t first = last; first >= 0 && !lf_poll(&work->run->status); first -= LF_ROWS) {
        const int64_t count = LF_MIN(LF_ROWS, d - first);
        if (first < last)
            draw_features(work, first, n);
        for (int64_t i = from; i < to; i++) {
            const double *z = work->solution + (i - from) * work->P;
            double error[LF_ROWS];
            times_columns(work, count, job->size[i], z, error);
            for (int64_t k = 0; k < count; k++)
                error[k] -= run->theta[first + k];
            add_errors(work, i, first, first + count, error);
        }
    }
}

/* Samples row .. end - 1, of which `row` is the first of a tile, of so many in all. */
static void add_samples(lf_risk *work, int64_t row, int64_t end, int64_t samples, double *gram,
                        double *rhs)
{
    const int64_t P = lf_whole(work->run->job->d, LF_STRIP);
    for (; row < end && !lf_poll(&work->run->status); row += LF_ROWS) {
        const int64_t rows = LF_MIN(LF_ROWS, end - row);
        const lf_mode mode = row ? LF_ADD : LF_SET;
        draw_samples(work, row, rows);
        add_products(work, rows, P, mode, gram);
        add_times(work, rows, P, noise_from(work, row, samples), mode, rhs);
    }
}

/* Sizes from..to, which are not below d: w - theta = (X'X + alpha I)^-1 (X' noise - alpha theta),
 * where nothing cancels. Each adds to the whole tiles of samples, which they share, its own last
 * rows. */
static void primal_sizes(lf_risk *work, int64_t from, int64_t to)
{
    const lf_risk_run *run = work->run;
    const lf_risk_job *job = run->job;
    const int64_t d = job->d, samples = job->size[to - 1];
    double *z = work->solution;
    for (int64_t i = from, whole = 0; i < to && !lf_poll(&work->run->status); i++) {
        const int64_t size = job->size[i], before = whole;
        const double alpha = job->ridge * (double)size;
        whole = size / LF_ROWS * LF_ROWS;
        add_samples(work, before, whole, samples, work->gram, work->rhs);
        if (whole) {
            copy_system(work, d);
            memcpy(z, work->rhs, (size_t)work->P * sizeof(double));
        }
        add_samples(work, whole, size, samples, work->factor, z);
        for (int64_t j = 0; j < d; j++)
            z[j] -= alpha * run->theta[j];
        if (!solve(work, d, alpha, z))
            note_failure(work, i);
        add_errors(work, i, 0, d, z);
    }
}

/* Run `index` % runs of curve `index` / runs. */
static void one_run(lf_risk *work, int64_t index)
{
    const lf_risk_run *run = work->run;
    const lf_risk_job *job = run->job;
    work->index = index;
    work->curve = index / job->runs;
    const int64_t first = job->first[work->curve], end = job->first[work->curve + 1];
    int64_t middle = first;
    while (middle < end && job->size[middle] < job->d)
        middle++;
    for (int64_t i = first; i < end; i++)
        run->risk[i * job->runs + index % job->runs] = 0;
    work->noise_block = -1;
    if (first < middle)
        dual_sizes(work, first, middle);
    work->noise_block = -1; /* it may end with the samples of the duals */
    if (middle < end)
        primal_sizes(work, middle, end);
    for (int64_t i = first; i < end; i++)
        if (!isfinite(run->risk[i * job->runs + index % job->runs]))
            note_failure(work, i);
}

/* The largest system, and the most sizes of a curve below d. */
static void look_at_sizes(lf_risk_run *run)
{
    const lf_risk_job *job = run->job;
    for (int64_t c = 0; c < job->curves; c++) {
        int64_t duals = 0;
        for (int64_t i = job->first[c]; i < job->first[c + 1]; i++) {
            run->system = LF_MAX(run->system, LF_MIN(job->size[i], job->d));
            duals += job->size[i] < job->d;
        }
        run->duals = LF_MAX(run->duals, duals);
    }
}

/* risk[i][r] = sum_j (root_j (w_j - theta_j))^2 for size i of all curves and run r. Fails with
 * 1 + (curve * runs + run) * sizes + i, the lowest of the systems that are singular or overflow.
 * OUT  risk (sizes, runs); coef (sizes, runs, d): w, or NULL */
lf_status LF_NAME(ridge_risk)(const lf_risk_job *job, double *risk, double *coef)
{
    const int64_t sizes = job->first[job->curves], pieces = job->curves * job->runs;
    lf_risk_run run = {.job = job,
                       .risk = risk,
                       .coef = coef,
                       .tiles = (job->d + COLUMNS - 1) / COLUMNS,
                       .failed = INT64_MAX};
    look_at_sizes(&run);
    run.root = calloc((size_t)(2 * run.tiles * COLUMNS), sizeof(double));
    if (!run.root)
        return LF_NO_MEMORY;
    run.theta = run.root + run.tiles * COLUMNS;
    memcpy(run.root, job->root, (size_t)job->d * sizeof(double));
    memcpy(run.theta, job->theta, (size_t)job->d * sizeof(double));
#pragma omp parallel num_threads(lf_team(pieces))
    {
        lf_risk work;
        if (!risk_open(&work, &run))
            __atomic_store_n(&run.status, LF_NO_MEMORY, __ATOMIC_RELAXED);
        while (work.memory && !lf_poll(&run.status)) {
            const int64_t index = __atomic_fetch_add(&run.next, 1, __ATOMIC_RELAXED);
            if (index >= pieces || index * sizes > __atomic_load_n(&run.failed, __ATOMIC_RELAXED))
                break;
            one_run(&work, index);
        }
        free(work.memory);
    }
    free(run.root);
    if (run.status != LF_OK)
        return run.status;
    return run.failed == INT64_MAX ? LF_OK : 1 + run.failed;
}
