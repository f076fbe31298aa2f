/* Fills an array with variates: a block of the output for each stream, blocks shared out among the
 * threads. */
#include "core/vecmath.h"
#include "random/laws.h"

/* out[i], i < n: variate i of call `call` of the generator with this key.
 * IN   a, b: parameters of the law, values (1,) or (n,) as their step says, in range
 * OUT  out (n,) of the dtype; integer laws go to LF_INT64 only */
static lf_status fill(lf_law law, lf_dtype dtype, const uint64_t *key, uint64_t call, int64_t n,
                      lf_param a, lf_param b, void *out)
{
    lf_law_block *const law_block = LF_NAME(law_block)(law);
    const int64_t blocks = (n + LF_BLOCK - 1) / LF_BLOCK;
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic, 4) num_threads(lf_team(blocks))
    for (int64_t block = 0; block < blocks; block++) {
        if (lf_poll(&status))
            continue;
        const int64_t start = block * LF_BLOCK, m = LF_MIN(LF_BLOCK, n - start);
        const lf_param block_a = {a.value + a.step * start, a.step};
        const lf_param block_b = {b.value + b.step * start, b.step};
        lf_stream stream;
        lf_stream_open(&stream, key, call, (uint64_t)block);
        if (dtype == LF_FLOAT32) {
            lf_variate variates[LF_BLOCK];
            float *const to = (float *)out + start;
            law_block(&stream, m, block_a, block_b, variates);
            for (int64_t i = 0; i < m; i++)
                to[i] = (float)variates[i].real;
        } else {
            law_block(&stream, m, block_a, block_b, (lf_variate *)out + start);
        }
    }
    return status;
}

static void vecmath(int function, int64_t n, const double *x, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        double sine, cosine;
        lf_sincos_turn(x[i], &sine, &cosine);
        const double y[] = {lf_exp(x[i]),   lf_log(x[i]), lf_log1p(x[i]),
                            lf_expm1(x[i]), sine,         cosine};
        out[i] = y[function];
    }
}

const lf_random_kernels LF_NAME(random_kernels) = {.fill = fill, .vecmath = vecmath};
