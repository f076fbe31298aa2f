/* pass@k from counts, a result for each problem. */
#include "passk/kernels.h"
#include "passk/rates.h"

#define TILE 64      /* results between two looks at the status */
#define STRETCH 4096 /* problems between two looks */

/* fail[i, j] = C(n[i] - c[i], k[j]) / C(n[i], k[j]), pass[i, j] = 1 - fail[i, j], each to a few
 * units in the last place.
 * IN   n, c (m,) and k (nk,): 0 <= c[i], k[j] <= n[i] <= 2^53
 * OUT  fail, pass (m, nk); NULL where not wanted */
lf_status LF_NAME(count_rates)(int64_t m, const int64_t *n, const int64_t *c, int64_t nk,
                               const int64_t *k, double *fail, double *pass)
{
    const int64_t results = m * nk, tiles = (results + TILE - 1) / TILE;
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(tiles))
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t end = LF_MIN(results, (tile + 1) * TILE);
        for (int64_t r = tile * TILE; r < end && !lf_poll(&status); r += 4) {
            int64_t own_n[4], own_c[4], own_k[4];
            for (int l = 0; l < 4; l++) {
                const int64_t at = LF_MIN(r + l, end - 1);
                own_n[l] = n[at / nk], own_c[l] = c[at / nk], own_k[l] = k[at % nk];
            }
            lf_real4 failed, passed;
            lf_both_rates(lf_failure_rates(own_n, own_c, own_k, &status), &failed, &passed);
            for (int l = 0; l < 4 && r + l < end; l++) {
                if (fail)
                    fail[r + l] = failed[l];
                if (pass)
                    pass[r + l] = passed[l];
            }
        }
    }
    return status;
}

/* out[i, :] = table[n[i] - least, at, :] with at = c[i], or n[i] - c[i] where `failures`, for as
 * many problems from the first one as have 0 <= c[i] <= n[i] and least <= n[i] < least + rows.
 * Returns their number, at whole stretches of problems, or a status.
 * IN   n (m,) with step 0 or 1; table (rows, columns, nk), columns >= least + rows */
int64_t LF_NAME(count_lookup)(int64_t m, const int64_t *n, int64_t n_step, const int64_t *c,
                              int failures, int64_t least, int64_t rows, int64_t columns,
                              int64_t nk, const double *table, double *out)
{
    const int64_t stretches = (m + STRETCH - 1) / STRETCH;
    int64_t done = m;
    lf_status status = LF_OK;
#pragma omp parallel for schedule(static) num_threads(lf_team(stretches)) reduction(min : done)
    for (int64_t stretch = 0; stretch < stretches; stretch++) {
        if (done < m || lf_poll(&status))
            continue;
        const int64_t first = stretch * STRETCH, end = LF_MIN(first + STRETCH, m);
        uint64_t outside = 0; /* its highest bit: something is negative */
        for (int64_t i = first; i < end; i++) {
            const uint64_t own = (uint64_t)n[i * n_step], row = own - (uint64_t)least;
            outside |= row | ((uint64_t)rows - 1 - row) | (uint64_t)c[i] | (own - (uint64_t)c[i]);
        }
        if (outside >> 63) {
            done = first;
            continue;
        }
        for (int64_t i = first; i < end; i++) {
            const int64_t own = n[i * n_step], at = failures ? own - c[i] : c[i];
            const double *from = table + ((own - least) * columns + at) * nk;
            if (nk == 1)
                out[i] = *from;
            else
                memcpy(out + i * nk, from, (size_t)nk * sizeof *from);
        }
    }
    return status == LF_OK ? done : status;
}
