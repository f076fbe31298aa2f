/* Means of pass@k over problems, from how many problems share each (n, c). */
#include "passk/kernels.h"
#include "passk/rates.h"

/* ---------------------------------------------------------------- scratch memory
 * Fresh pages cost more than what is done in them here: a block of each use is kept for the next
 * call, where it is not large. */

enum { TABLES, CELLS, USES };
#define MOST_KEPT (8 << 20)
#define HEADER 64 /* holds the size */

static char *kept[USES];

static void *scratch_take(int use, size_t size)
{
    char *block = __atomic_exchange_n(kept + use, NULL, __ATOMIC_ACQ_REL);
    size_t room = 0;
    if (block)
        memcpy(&room, block, sizeof room);
    if (room < size) {
        free(block);
        block = malloc(size + HEADER);
        if (!block)
            return NULL;
        memcpy(block, &size, sizeof size);
    }
    return block + HEADER;
}

static void scratch_give_back(int use, void *scratch)
{
    if (!scratch)
        return;
    char *block = (char *)scratch - HEADER;
    size_t room;
    memcpy(&room, block, sizeof room);
    free(room > MOST_KEPT ? block : __atomic_exchange_n(kept + use, block, __ATOMIC_ACQ_REL));
}

/* ---------------------------------------------------------------- how many share each */

#define SMALL 256   /* n below it have a cell for every c */
#define STRETCH 512 /* problems that stay in the first-level cache */
#define LONGEST_ROW (1 << 22)
#define COPIES 4           /* of the row of one n: neighbors do not wait for each other */
#define ROW_IN_COPIES 1024 /* where the copies fit in the first-level cache */

typedef struct {
    int64_t n;    /* of the row */
    int64_t left; /* problems before the small square may overflow */
    /* (SMALL, SMALL), twice: what is counted is small enough for the caches. They hold nothing
     * before they are used. */
    uint32_t *square;
    uint16_t *small;
    uint32_t *row;
    int square_used;
} tally;

static void tally_flush(tally *tally)
{
    for (int64_t i = 0; i < SMALL * SMALL; i++)
        tally->square[i] += tally->small[i];
    memset(tally->small, 0, SMALL * SMALL * sizeof *tally->small);
    tally->left = UINT16_MAX;
}

/* Adds problems to a tally. Returns 0, and leaves all as it was, where some n is neither small nor
 * that of the row, or some c is outside [0, n]. */
static int tally_add(tally *tally, int64_t m, const int64_t *n, int64_t n_step, const int64_t *c)
{
    uint64_t wrong = 0, other = 0, large = 0;
    if (n_step) {
        for (int64_t i = 0; i < m; i++) {
            const uint64_t own = (uint64_t)n[i];
            wrong |= own | (uint64_t)c[i] | (own - (uint64_t)c[i]);
            other |= own ^ (uint64_t)tally->n;
            large |= own;
        }
    } else {
        for (int64_t i = 0; i < m; i++)
            wrong |= (uint64_t)c[i] | ((uint64_t)tally->n - (uint64_t)c[i]);
    }
    if (wrong >> 63 || (other && large >= SMALL))
        return 0;
    if (other) {
        if (!tally->square_used) {
            memset(tally->square, 0, SMALL * SMALL * sizeof *tally->square);
            memset(tally->small, 0, SMALL * SMALL * sizeof *tally->small);
        }
        tally->square_used = 1;
        if (tally->left < m)
            tally_flush(tally);
        tally->left -= m;
        /* the next stretch comes in meanwhile; past the end a prefetch does nothing */
        for (int64_t i = 0; i < m; i += 8) {
            __builtin_prefetch(n + i + STRETCH);
            __builtin_prefetch(c + i + STRETCH);
            for (int64_t j = i; j < LF_MIN(i + 8, m); j++)
                tally->small[n[j] * SMALL + c[j]]++;
        }
    } else if (tally->n < ROW_IN_COPIES) {
        const int64_t length = tally->n + 1;
        int64_t i = 0;
        for (; i + COPIES <= m; i += COPIES)
            for (int64_t copy = 0; copy < COPIES; copy++)
                tally->row[copy * length + c[i + copy]]++;
        for (; i < m; i++)
            tally->row[c[i]]++;
    } else {
        for (int64_t i = 0; i < m; i++)
            tally->row[c[i]]++;
    }
    return 1;
}

/* Appends what is not empty of a row. */
static int64_t collect(int64_t n, const uint32_t *row, int64_t found, int64_t *to[3])
{
    for (int64_t c = 0; c <= n; c++) {
        to[0][found] = n, to[1][found] = c, to[2][found] = row[c];
        found += row[c] > 0; /* else written over by the next */
    }
    return found;
}

/* The distinct (n, c) of problems, ascending, and how many problems have each.
 * IN   n (m,) with step 0 or 1, c (m,), 0 < m < 2^32; n[0] >= 0
 * OUT  cells (3, room): n, c and number, room > SMALL^2 + n[0]
 * Returns the number of cells; 0 where some n is neither below SMALL nor n[0], or some c is not in
 * [0, n]; or a status. */
int64_t LF_NAME(count_tally)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                             int64_t room, int64_t *cells)
{
    const int64_t own = n[0], stretches = (m + STRETCH - 1) / STRETCH;
    const int64_t copies = own < ROW_IN_COPIES ? COPIES : 1, row = own + 1;
    const int64_t size = SMALL * SMALL + SMALL * SMALL / 2 + copies * row;
    const int threads = lf_team(stretches);
    uint32_t *tables = scratch_take(TABLES, (size_t)(threads * size) * sizeof *tables);
    lf_status status = tables ? LF_OK : LF_NO_MEMORY;
    uint32_t *square = NULL, *line = NULL;
    int served = 1;
#pragma omp parallel num_threads(threads) reduction(& : served)
    {
        uint32_t *table = tables ? tables + lf_thread_index() * size : NULL;
        tally tally = {.n = own, .left = UINT16_MAX, .square = table};
        if (tables) {
            tally.small = (uint16_t *)(table + SMALL * SMALL);
            tally.row = table + SMALL * SMALL + SMALL * SMALL / 2;
            memset(tally.row, 0, (size_t)(copies * row) * sizeof *tables);
        }
#pragma omp for schedule(static)
        for (int64_t stretch = 0; stretch < stretches; stretch++) {
            if (!served || lf_poll(&status))
                continue;
            const int64_t first = stretch * STRETCH, some = LF_MIN(STRETCH, m - first);
            served = tally_add(&tally, some, n + first * n_step, n_step, c + first);
        }
        for (int64_t copy = 1; copy < copies && table; copy++)
            for (int64_t at = 0; at < row; at++)
                tally.row[at] += tally.row[copy * row + at];
        if (tally.square_used)
            tally_flush(&tally);
#pragma omp critical /* what one thread has goes to those before it */
        if (status == LF_OK) {
            for (int64_t at = 0; line && at < row; at++)
                line[at] += tally.row[at];
            for (int64_t at = 0; square && tally.square_used && at < SMALL * SMALL; at++)
                square[at] += tally.square[at];
            line = line ? line : tally.row;
            square = square || !tally.square_used ? square : tally.square;
        }
    }
    int64_t found = 0;
    if (status == LF_OK && served) {
        int64_t *to[3] = {cells, cells + room, cells + 2 * room};
        for (int64_t n = 0; n < SMALL && square; n++) {
            if (n == own)
                for (int64_t at = 0; at < row; at++)
                    square[n * SMALL + at] += line[at];
            found = collect(n, square + n * SMALL, found, to);
        }
        if (!square || own >= SMALL)
            found = collect(own, line, found, to);
    }
    scratch_give_back(TABLES, tables);
    return status == LF_OK ? found : status;
}

/* ---------------------------------------------------------------- sums over them
 * Problems go through all k together: with every attempt a failure rate takes the factor
 * (n - c - attempt) / (n - attempt). */

#define WIDE 4 /* vectors of problems that go together */
#define TOGETHER (4 * WIDE)
#define STEPS 256          /* attempts of which inverse denominators are kept */
#define SUMS 3             /* of w: times pass@k, the failure rate and d^2 */
#define LEAST_OF_STRIPE 64 /* problems */
#define MANY_CELLS 64

/* What a factor costs, in some unit: where the problems share n, where not, and where each failure
 * rate is made anew, of a vector. */
#define COST_SHARED 25
#define COST_OWN 60
#define COST_ANEW 15

typedef struct {
    int64_t nk;
    const int64_t *k;
    /* d is pass@k less this, or the failure rate taken from it */
    const double *from;
    const int8_t *of_pass;
    lf_real4 *sums; /* (nk, SUMS) */
    /* Where the mean of pass@k is not small it is 1 less that of the failure rate, and not summed:
     */
    int by_failures;
    double *over; /* (nk,): weights of problems that all k from this one on solve */
} means;

static inline void add_rates(const means *means, int64_t j, const lf_real4 fail[WIDE],
                             const lf_real4 pass[WIDE], const lf_real4 w[WIDE])
{
    lf_real4 *sums = means->sums + j * SUMS, sum[SUMS];
    const lf_real4 from = (lf_real4){0} + means->from[j];
    const int of_pass = means->of_pass[j];
    for (int s = 0; s < SUMS; s++)
        sum[s] = sums[s];
    for (int v = 0; v < WIDE; v++) {
        const lf_real4 d = of_pass ? pass[v] - from : from - fail[v], wd = w[v] * d;
        sum[0] = lf_fma_reals(w[v], pass[v], sum[0]);
        sum[1] = lf_fma_reals(w[v], fail[v], sum[1]);
        sum[2] = lf_fma_reals(wd, d, sum[2]);
    }
    for (int s = 0; s < SUMS; s++)
        sums[s] = sum[s];
}

/* 1 / (n - attempt) for STEPS attempts, and what each lost in rounding. */
typedef struct {
    int64_t n, start;
    double high[STEPS], low[STEPS];
} inverses;

static void fill_inverses(inverses *inverses, int64_t n, int64_t start)
{
    if (inverses->n == n && inverses->start == start)
        return;
    inverses->n = n, inverses->start = start;
    for (int64_t i = 0; i < STEPS; i += 4) {
        const double from = (double)(n - start - i);
        const lf_real4 whole = {from, from - 1, from - 2, from - 3}, high = 1.0 / whole;
        const lf_real4 back = high * whole;
        lf_store_reals(high, inverses->high + i);
        lf_store_reals(((1.0 - back) - lf_product_rest(high, whole, back)) * high,
                       inverses->low + i);
    }
}

/* TOGETHER problems. */
typedef struct {
    lf_real4 c[WIDE], left[WIDE], whole[WIDE], w[WIDE]; /* c, n - c - attempt, n - attempt */
} problems;

/* Takes problems through all k <= STEPS in plain doubles: each factor adds 1.5 roundings at most,
 * and pass@k is a sum of what the attempts solve. Failure rates below 2^-960 end as 0, where flush
 * is set; for n <= 1000 there are none. inverses: where the problems share n */
static inline void go_shortly(const means *means, problems own, const inverses *inverses,
                              const int flush)
{
    lf_real4 fail[WIDE], pass[WIDE];
    for (int v = 0; v < WIDE; v++)
        fail[v] = (lf_real4){0} + 1.0, pass[v] = (lf_real4){0};
    for (int64_t attempt = 0, j = 0; j < means->nk; j++) {
        for (; attempt < means->k[j]; attempt++)
            for (int v = 0; v < WIDE; v++) {
                lf_real4 inverse;
                if (inverses) {
                    inverse = (lf_real4){0} + inverses->high[attempt];
                } else {
                    inverse = 1.0 / own.whole[v];
                    own.whole[v] -= 1.0;
                }
                pass[v] = lf_fma_reals(fail[v], own.c[v] * inverse, pass[v]);
                fail[v] *= own.left[v] * inverse;
                if (flush)
                    fail[v] = (lf_real4)((lf_int4)fail[v] & (fail[v] > 0x1p-960));
                own.left[v] -= 1.0;
            }
        add_rates(means, j, fail, pass, own.w);
    }
}

/* The same for problems that share n <= 1000, of failure rates alone: half the work. */
static void go_by_failures(const means *means, problems own, const inverses *inverses)
{
    lf_real4 fail[WIDE], left[WIDE];
    double last = 0, weight = 0; /* attempts that may all fail; of all problems */
    for (int v = 0; v < WIDE; v++) {
        fail[v] = (lf_real4){0} + 1.0, left[v] = own.left[v];
        for (int l = 0; l < 4; l++)
            last = LF_MAX(last, left[v][l]), weight += own.w[v][l];
    }
    for (int64_t attempt = 0, j = 0; j < means->nk; j++) {
        if ((double)means->k[j] > last) {
            means->over[j] += weight;
            break;
        }
        for (; attempt < means->k[j]; attempt++) {
            const lf_real4 inverse = (lf_real4){0} + inverses->high[attempt];
            for (int v = 0; v < WIDE; v++) {
                fail[v] *= left[v] * inverse;
                left[v] -= 1.0;
            }
        }
        lf_real4 *sums = means->sums + j * SUMS, rate = sums[1], square = sums[2];
        const double base = means->of_pass[j] ? 1.0 - means->from[j] : means->from[j];
        for (int v = 0; v < WIDE; v++) {
            const lf_real4 d = base - fail[v];
            rate = lf_fma_reals(own.w[v], fail[v], rate);
            square = lf_fma_reals(own.w[v] * d, d, square);
        }
        sums[1] = rate, sums[2] = square;
    }
}

static inline int all_solved(const lf_pair4 p[WIDE])
{
    lf_int4 any = {0};
    for (int v = 0; v < WIDE; v++)
        any |= p[v].high > 0;
    return !(any[0] | any[1] | any[2] | any[3]);
}

/* Takes problems through all k in pairs of doubles. */
static inline void go_far(const means *means, problems own, int64_t n, inverses *inverses,
                          lf_status *status)
{
    lf_pair4 p[WIDE];
    int64_t attempt = 0;
    for (int v = 0; v < WIDE; v++)
        p[v] = (lf_pair4){(lf_real4){0} + LF_SCALE, {0}};
    for (int64_t j = 0; j < means->nk && !lf_poll(status); j++) {
        if (means->k[j] > attempt + 1 && all_solved(p))
            attempt = means->k[j];
        for (; attempt < means->k[j]; attempt++) {
            if (inverses && (attempt % STEPS == 0 || inverses->n != n))
                fill_inverses(inverses, n, attempt / STEPS * STEPS);
            for (int v = 0; v < WIDE; v++) {
                lf_real4 q, q_low;
                if (inverses) {
                    const lf_real4 high = (lf_real4){0} + inverses->high[attempt % STEPS];
                    const lf_real4 low = (lf_real4){0} + inverses->low[attempt % STEPS];
                    q = own.left[v] * high;
                    q_low = lf_fma_reals(own.left[v], low, lf_product_rest(own.left[v], high, q));
                } else {
                    lf_ratio(own.left[v], own.whole[v], &q, &q_low);
                    own.whole[v] -= 1.0;
                }
                p[v] = lf_give_up(lf_times(p[v], q, q_low));
                own.left[v] -= 1.0;
            }
        }
        lf_real4 fail[WIDE], pass[WIDE];
        for (int v = 0; v < WIDE; v++)
            lf_both_rates(p[v], fail + v, pass + v);
        add_rates(means, j, fail, pass, own.w);
    }
}

/* Adds TOGETHER problems that have c > 0. */
static void add_problems(const means *means, const int64_t *n, const int64_t *c, const double *w,
                         inverses *inverses, lf_status *status)
{
    problems own;
    double count[3][TOGETHER];
    int64_t least = n[0], most = 0, anew = 0;
    int shared = 1;
    for (int i = 0; i < TOGETHER; i++) {
        count[0][i] = (double)c[i];
        count[1][i] = (double)(n[i] - c[i]);
        count[2][i] = (double)n[i];
        most = LF_MAX(most, c[i]);
        least = LF_MIN(least, n[i]);
        shared &= n[i] == n[0];
    }
    for (int v = 0; v < WIDE; v++) {
        own.c[v] = lf_load_reals(count[0] + 4 * v);
        own.left[v] = lf_load_reals(count[1] + 4 * v);
        own.whole[v] = lf_load_reals(count[2] + 4 * v);
        own.w[v] = lf_load_reals(w + 4 * v);
    }
    const int64_t last = means->k[means->nk - 1];
    if (last <= STEPS) {
        if (shared) {
            fill_inverses(inverses, least, 0);
            if (least <= 1000 && means->by_failures)
                go_by_failures(means, own, inverses);
            else if (least <= 1000)
                go_shortly(means, own, inverses, 0);
            else
                go_shortly(means, own, inverses, 1);
        } else {
            go_shortly(means, own, NULL, 1);
        }
        return;
    }
    for (int64_t j = 0; j < means->nk; j++)
        anew += COST_ANEW * WIDE * LF_MIN(most, means->k[j]);
    if (last <= anew / (shared ? COST_SHARED : COST_OWN)) {
        if (shared)
            go_far(means, own, least, inverses, status);
        else
            go_far(means, own, least, NULL, status);
        return;
    }
    for (int64_t j = 0; j < means->nk && !lf_poll(status); j++) {
        const int64_t k[4] = {means->k[j], means->k[j], means->k[j], means->k[j]};
        lf_real4 fail[WIDE], pass[WIDE];
        for (int v = 0; v < WIDE; v++)
            lf_both_rates(lf_failure_rates(n + 4 * v, c + 4 * v, k, status), fail + v, pass + v);
        add_rates(means, j, fail, pass, own.w);
    }
}

/* sums (SUMS, nk) over all problems, with d from `from` (nk,), of pass@k or of the failure rate. */
static lf_status sum_up(int64_t m, const int64_t *n, const int64_t *c, const double *w, int64_t nk,
                        const int64_t *k, const double *from, const int8_t *of_pass,
                        int by_failures, double *out)
{
    const int64_t stripes = LF_MAX(1, LF_MIN(LF_STRIPES, m / LEAST_OF_STRIPE));
    const int64_t each = nk * SUMS;
    lf_status status = LF_OK;
    double hopeless[LF_STRIPES] = {0}; /* weights of problems with c = 0 */
    lf_real4 *sums = aligned_alloc(32, (size_t)(stripes * each) * sizeof *sums);
    double *over = calloc((size_t)(stripes * nk), sizeof *over);
    if (!sums || !over) {
        free(sums);
        free(over);
        return LF_NO_MEMORY;
    }
    memset(sums, 0, (size_t)(stripes * each) * sizeof *sums);
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(stripes))
    for (int64_t stripe = 0; stripe < stripes; stripe++) {
        const means means = {
            nk, k, from, of_pass, sums + stripe * each, by_failures, over + stripe * nk};
        const int64_t end = m * (stripe + 1) / stripes;
        inverses inverses = {.n = -1};
        for (int64_t i = m * stripe / stripes; i < end && !lf_poll(&status);) {
            int64_t own_n[TOGETHER], own_c[TOGETHER];
            double own_w[TOGETHER] = {0};
            int taken = 0;
            for (; i < end && taken < TOGETHER; i++) {
                if (!c[i]) {
                    hopeless[stripe] += w[i];
                    continue;
                }
                /* a group of one n is quicker, where many share the next n too */
                const int64_t next = LF_MIN(i + TOGETHER / 2, m - 1);
                if (taken && n[i] != own_n[0] && n[next] == n[i])
                    break;
                own_n[taken] = n[i], own_c[taken] = c[i], own_w[taken++] = w[i];
            }
            for (int l = taken; l < TOGETHER && taken; l++)
                own_n[l] = own_n[taken - 1], own_c[l] = own_c[taken - 1];
            if (taken)
                add_problems(&means, own_n, own_c, own_w, &inverses, &status);
        }
    }
    for (int64_t stripe = 1; stripe < stripes; stripe++) {
        hopeless[0] += hopeless[stripe];
        for (int64_t i = 0; i < each; i++)
            sums[i] += sums[stripe * each + i];
        for (int64_t j = 0; j < nk; j++)
            over[j] += over[stripe * nk + j];
    }
    double solved = 0;
    for (int64_t j = 0; j < nk; j++) {
        const double d = of_pass[j] ? -from[j] : from[j] - 1, w = hopeless[0];
        solved += over[j];
        const double known[SUMS] = {solved, w, w * d * d + solved * (d + 1) * (d + 1)};
        for (int s = 0; s < SUMS; s++) {
            const lf_real4 sum = sums[j * SUMS + s];
            out[s * nk + j] = known[s] + ((sum[0] + sum[1]) + (sum[2] + sum[3]));
        }
    }
    free(sums);
    free(over);
    return status;
}

/* Means over problems, each counted w times, and the standard deviation about them.
 * IN   n, c, w (m,), w[i] > 0; k (nk,) ascending, 0 <= k[j] <= n[i]
 * OUT  out (3, nk): pass@k, the failure rate, and the deviation of both */
lf_status LF_NAME(count_means)(int64_t m, const int64_t *n, const int64_t *c, const double *w,
                               int64_t nk, const int64_t *k, double *out)
{
    /* Distances are taken from the rates of the most frequent counts, which cannot be far from the
     * mean, and on the side that is near 0: nothing cancels. */
    double total = 0, passing = 0, *rates = malloc((size_t)(2 * nk) * (sizeof *rates + 1));
    int8_t *of_pass = (int8_t *)(rates + 2 * nk);
    int64_t often = 0;
    if (!rates)
        return LF_NO_MEMORY;
    for (int64_t i = 0; i < m; i++) {
        total += w[i];
        passing += w[i] * (double)c[i] / (double)LF_MAX(n[i], 1);
        often = w[i] > w[often] ? i : often;
    }
    lf_status status = LF_NAME(count_rates)(1, n + often, c + often, nk, k, rates, rates + nk);
    for (int64_t j = 0; j < nk; j++) {
        of_pass[j] = rates[j] > 0.5;
        rates[j] = of_pass[j] ? rates[nk + j] : rates[j];
    }
    /* pass@k is at least that of k = 1; the spread of few cells may be none */
    const int by_failures = k[0] > 0 && m >= MANY_CELLS && passing >= 0.0625 * total;
    if (status == LF_OK)
        status = sum_up(m, n, c, w, nk, k, rates, of_pass, by_failures, out);
    for (int64_t j = 0; j < nk && by_failures; j++)
        out[j] = total - out[nk + j];
    for (int64_t j = 0; j < nk; j++) {
        const double pass = out[j] / total, fail = out[nk + j] / total;
        const double shift = (of_pass[j] ? pass : fail) - rates[j];
        out[j] = pass, out[nk + j] = fail;
        out[2 * nk + j] = sqrt(LF_MAX(out[2 * nk + j] / total - shift * shift, 0));
    }
    free(rates);
    return status;
}

/* Of one model. Returns the number of its cells; 0 where count_tally does not serve it, or n < k
 * somewhere; or a status. */
static int64_t one_curve(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c, int64_t nk,
                         const int64_t *k, double *out)
{
    if (n[0] < k[nk - 1] || n[0] >= LONGEST_ROW)
        return 0;
    const int64_t room = SMALL * SMALL + n[0] + 1;
    int64_t *cells = scratch_take(CELLS, (size_t)(4 * room) * sizeof *cells);
    int64_t *number = cells + 2 * room, found = LF_NO_MEMORY;
    double *weights = (double *)(number + room);
    if (cells)
        found = LF_NAME(count_tally)(m, n, n_step, c, room, cells);
    if (found > 0 && cells[0] < k[nk - 1])
        found = 0;
    for (int64_t i = 0; i < found; i++)
        weights[i] = (double)number[i];
    lf_status status = LF_OK;
    if (found > 0)
        status = LF_NAME(count_means)(found, cells, cells + room, weights, nk, k, out);
    scratch_give_back(CELLS, cells);
    return status == LF_OK ? found : status;
}

/* Curves of several models, each of its own problems: count_means of what count_tally finds.
 * IN   n with steps between models and problems, c (models, m), 0 < m < 2^32; k (nk,) ascending
 * OUT  out (models, 3, nk)
 * Returns the first model that count_tally does not serve, or has n < k; models if there is none;
 * or a status. */
int64_t LF_NAME(count_curves)(int64_t models, int64_t m, const int64_t *n, int64_t model_step,
                              int64_t n_step, const int64_t *c, int64_t nk, const int64_t *k,
                              double *out)
{
    int64_t left_out = models;
    lf_status status = LF_OK;
    /* few models: one after the other, each by all threads */
    const int64_t alone = models < lf_core->threads() ? models : 0;
    for (int64_t model = 0; model < alone && left_out == models && status == LF_OK; model++) {
        const int64_t cells = one_curve(m, n + model * model_step, n_step, c + model * m, nk, k,
                                        out + model * 3 * nk);
        status = LF_MIN(cells, LF_OK);
        left_out = cells ? left_out : model;
    }
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(models)) \
    reduction(min : left_out) if (!alone)
    for (int64_t model = alone; model < models; model++) {
        if (left_out < models || lf_poll(&status))
            continue;
        const int64_t cells = one_curve(m, n + model * model_step, n_step, c + model * m, nk, k,
                                        out + model * 3 * nk);
        left_out = cells ? left_out : model;
        if (cells < 0)
            __atomic_store_n(&status, cells, __ATOMIC_RELAXED);
    }
    return status == LF_OK ? left_out : status;
}
