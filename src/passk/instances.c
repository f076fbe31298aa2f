/* Instances of the LID model: their success probabilities, and simulated failure curves. */
#include "core/stream.h"
#include "passk/attempt.h"
#include "passk/cells.h"
#include "passk/kernels.h"

#define BLOCK LF_CELL_BLOCK
#define AT_A_TIME 64 /* near instances seldom stand among far ones */

/* s and ln(1-s) of n <= AT_A_TIME instances */
static void attempts(int64_t n, const double *restrict x, const double *restrict h,
                     double *restrict s, double *restrict log_fail)
{
    int64_t near = 0;
    for (int64_t i = 0; i < n; i++)
        near += lf_is_near(x[i], h[i]);
    if (near < n)
        for (int64_t i = 0; i < n; i++)
            s[i] = lf_far(x[i], h[i], log_fail + i);
    if (near == n)
        for (int64_t i = 0; i < n; i++)
            s[i] = lf_near(x[i], h[i], log_fail + i);
    else if (near)
        for (int64_t i = 0; i < n; i++)
            if (lf_is_near(x[i], h[i]))
                s[i] = lf_near(x[i], h[i], log_fail + i);
}

/* s and ln(1-s) of instances with x = |B| sqrt(tau) / sigma and h = delta sqrt(tau) / sigma.
 * IN   x, h (n,), >= 0
 * OUT  s, log_fail (n,) */
lf_status LF_NAME(attempts)(int64_t n, const double *x, const double *h, double *s,
                            double *log_fail)
{
    lf_status status = LF_OK;
    const int64_t pieces = (n + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) num_threads(lf_team(pieces / 4))
    for (int64_t t = 0; t < pieces; t++)
        for (int64_t i = t * BLOCK; i < LF_MIN(n, (t + 1) * BLOCK) && !lf_poll(&status);
             i += AT_A_TIME)
            attempts(LF_MIN(AT_A_TIME, LF_MIN(n, (t + 1) * BLOCK) - i), x + i, h + i, s + i,
                     log_fail + i);
    return status;
}

/* Instances of one h, whose x ascend: those that are near stand first. */
static void attempts_of_one_h(int64_t n, const double *restrict x, double h, double *restrict s,
                              double *restrict log_fail)
{
    int64_t near = 0;
    for (int64_t i = 0; i < n; i++)
        near += lf_is_near(x[i], h);
    for (int64_t i = 0; i < near; i++)
        s[i] = lf_near(x[i], h, log_fail + i);
    for (int64_t i = near; i < n; i++)
        s[i] = lf_far(x[i], h, log_fail + i);
}

/* ---------------------------------------------------------------- simulated curves
 * A curve is that of one trained head, whose predictions are off by B. Its instances come in strata
 * of one precision tau each; in a stratum |B| is drawn once from each of many steps up to the job's
 * reach, weighted by its law, or is a quantile of given samples. */

typedef struct {
    const lf_lid_job *job;
    int64_t curve;
    lf_stream stream;
    double s[BLOCK], y[BLOCK], w[BLOCK]; /* s, -ln(1-s) and weights of the last instances */
    double moments[LF_CELLS * LF_ORDER];
    lf_cells cells;
} lf_lid;

static void open_curve(lf_lid *work, int64_t curve)
{
    work->curve = curve;
    lf_stream_open(&work->stream, work->job->key + 4 * curve, 0, 0);
}

/* Draws instances first .. first + n - 1 of so many in a stratum; n <= BLOCK. */
static void draw_instances(lf_lid *work, int64_t stratum, int64_t first, int64_t n, int64_t count)
{
    const lf_lid_job *job = work->job;
    const double root = job->root[work->curve * job->strata + stratum];
    const double weight = job->weight[work->curve * job->strata + stratum] / (double)count;
    const double h = job->delta * root, step = 1.0 / (double)count;
    uint64_t words[BLOCK];
    double x[BLOCK], *restrict y = work->y, *restrict w = work->w;
    lf_stream_words(&work->stream, (n + LF_LANES - 1) / LF_LANES, words);
    for (int64_t i = 0; i < n; i++) { /* x: uniform in its step of [0, 1) */
        const double u = lf_double((words[i] >> 12) | 0x3ff0000000000000u) - 1.0;
        x[i] = ((double)(int32_t)i + ((double)first + u)) * step;
    }
    if (job->bias) {
        const double *bias = job->bias + work->curve * job->biases;
        for (int64_t i = 0; i < n; i++) {
            const int64_t place = (int64_t)(x[i] * (double)job->biases);
            x[i] = bias[LF_MIN(place, job->biases - 1)] * root;
            w[i] = weight;
        }
    } else {
        /* |B| = sqrt(V) reach x^2: most fall where the normal law has its mass */
        const double factor = 2.0 * weight * job->reach * LF_ROOT_2_OVER_PI;
        const double spread = job->scale[work->curve] * root * job->reach;
        const double half = -0.5 * job->reach * job->reach;
        for (int64_t i = 0; i < n; i++) {
            const double square = x[i] * x[i];
            w[i] = factor * x[i] * lf_exp(half * square * square);
        }
        for (int64_t i = 0; i < n; i++)
            x[i] *= spread * x[i];
    }
    attempts_of_one_h(n, x, h, work->s, y);
    for (int64_t i = 0; i < n; i++)
        y[i] = LF_MIN(-y[i], DBL_MAX);
}

/* Draws all instances of the curve; for each block of them: adds to the moments, or for the k that
 * those do not serve to rate and slope. */
static void attend(lf_lid *work, int64_t nk, const int64_t *which, double *rate, double *slope,
                   lf_status *status)
{
    const lf_lid_job *job = work->job;
    for (int64_t t = 0; t < job->strata; t++) {
        const int64_t count =
            job->instances * (t + 1) / job->strata - job->instances * t / job->strata;
        for (int64_t first = 0; first < count && !lf_poll(status); first += BLOCK) {
            const int64_t n = LF_MIN(BLOCK, count - first);
            draw_instances(work, t, first, n, count);
            if (!which) {
                lf_add_moments(n, work->y, work->w, work->moments);
                continue;
            }
            for (int64_t j = 0; j < nk; j++) {
                const double k = job->k[which[j]];
                double sum = 0, slope_sum = 0;
#pragma omp simd reduction(+ : sum, slope_sum)
                for (int64_t i = 0; i < n; i++) {
                    const double term = work->w[i] * lf_exp(-k * work->y[i]);
                    sum += term;
                    slope_sum -= term * work->y[i];
                }
                rate[which[j]] += sum;
                slope[which[j]] += slope_sum;
            }
        }
    }
}

/* What the moments may lose of a rate. */
static const double allowed[2] = {1e-9, 0};

/* out[c, 0, j] = sum over the instances of curve c of w (1-s)^k[j], their mean where the weights
 * are those of lf_lid_job; out[c, 1, j] its derivative in k. OUT  out (curves, 2, nk) */
lf_status LF_NAME(lid_curves)(const lf_lid_job *job, double *out)
{
    lf_status status = LF_OK;
#pragma omp parallel num_threads(lf_team(job->curves))
    {
        lf_lid *work = aligned_alloc(_Alignof(lf_lid), sizeof *work);
        int64_t *left = malloc((size_t)job->nk * sizeof *left);
        if (!work || !left)
            __atomic_store_n(&status, LF_NO_MEMORY, __ATOMIC_RELAXED);
#pragma omp for schedule(dynamic)
        for (int64_t c = 0; c < job->curves; c++) {
            if (lf_poll(&status))
                continue;
            double *rate = out + 2 * c * job->nk, *slope = rate + job->nk;
            work->job = job;
            memset(work->moments, 0, sizeof work->moments);
            open_curve(work, c);
            attend(work, 0, NULL, NULL, NULL, &status);
            lf_gather_cells(work->moments, &work->cells);
            int64_t rest = 0;
            for (int64_t j = 0; j < job->nk; j++) {
                double sums[3];
                const int served = lf_sum_of_cells(&work->cells, job->k[j], allowed, 0, sums);
                rate[j] = served ? sums[0] : 0;
                slope[j] = served ? sums[1] : 0;
                if (!served)
                    left[rest++] = j;
            }
            open_curve(work, c); /* the same instances again */
            if (rest)
                attend(work, rest, left, rate, slope, &status);
        }
        free(work);
        free(left);
    }
    return status;
}
