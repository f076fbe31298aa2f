/* Fills an array with variates: a block of the output for each stream, blocks shared out among the
 * threads. */
#include "random/laws.h"

/* Doubles that no second-level cache holds, and with their like no third-level one for long. */
#define LARGE (4 << 20)

/* Floats of their own: two from a word, the low half first. */
static void single_block(lf_block *block, float *restrict out)
{
    enum { CHUNK = 2 * LF_CHUNK, STEP = 2 * LF_LANES };
    const int uniform = block->draw->law == LF_UNIFORM;
    lf_stream state = block->stream;
    for (int64_t first = 0; first < block->m; first += CHUNK) {
        uint32_t offset[CHUNK];
        float t[CHUNK], last[CHUNK];
        const int64_t count = LF_MIN(CHUNK, block->m - first);
        const int64_t padded = (count + STEP - 1) / STEP * STEP;
        float *const to = count == CHUNK ? out + first : last;
        const int past = block->past && to != last;
        for (int64_t i = 0; i < padded; i += STEP) {
            lf_word4 word[LF_HALVES];
            lf_stream_step(&state, word);
            for (int h = 0; h < LF_HALVES; h++)
                if (uniform) { /* 24 bits: the conversion cannot round up to 1 */
                    const lf_short8 bits = (lf_short8)((lf_half8)word[h] >> 8);
                    const lf_single8 x = __builtin_convertvector(bits, lf_single8) * 0x1p-24f;
                    if (past)
                        lf_store_past((lf_real4)x, (double *)(to + i + 8 * h));
                    else
                        memcpy(to + i + 8 * h, &x, sizeof x);
                } else {
                    lf_single_find(word[h], offset + i + 8 * h, t + i + 8 * h);
                }
        }
        if (!uniform)
            lf_single_look_up(block->draw->single, padded, offset, t, to);
        if (count < CHUNK)
            memcpy(out + first, last, (size_t)count * sizeof *out);
    }
}

/* out = loc + scale out; a scale of 0 takes an infinite variate to loc too */
static void affine(const lf_block *block, lf_variate *restrict out)
{
    const lf_param loc = block->draw->loc, scale = block->draw->scale;
    for (int64_t i = 0; i < block->m; i++) {
        const int64_t j = block->start + i;
        const double by = scale.value[j * scale.step];
        out[i].real = loc.value[j * loc.step] + (by == 0 ? 0.0 : by * out[i].real);
    }
}

static void one_block(lf_block *block, lf_law_block *law, void *out)
{
    const lf_draw *const draw = block->draw;
    lf_stream_open(&block->stream, block->key, block->call, block->block);
    if (draw->dtype != LF_FLOAT32) {
        lf_variate *const to = (lf_variate *)out + block->start;
        law(block, to);
        if (draw->scale.value)
            affine(block, to);
    } else if (draw->law == LF_UNIFORM || draw->law == LF_QUANTILE) {
        single_block(block, (float *)out + block->start);
    } else {
        lf_variate variates[LF_BLOCK];
        float *const to = (float *)out + block->start;
        block->past = 0;
        law(block, variates);
        for (int64_t i = 0; i < block->m; i++)
            to[i] = (float)variates[i].real;
    }
    if (block->past)
        lf_store_fence();
}

static void block_alone(const lf_draw *draw, const uint64_t *key, uint64_t call, uint64_t number,
                        int64_t m, void *out)
{
    lf_block block = {.draw = draw, .key = key, .call = call, .block = number, .m = m};
    one_block(&block, LF_NAME(law_block)(draw->law), out);
}

static lf_status fill(const lf_draw *draw, const uint64_t *key, uint64_t call, int64_t n, void *out)
{
    lf_law_block *const law = LF_NAME(law_block)(draw->law);
    const int64_t blocks = (n + LF_BLOCK - 1) / LF_BLOCK;
    lf_status status = LF_OK;
    if (blocks == 1) { /* a draw of a few: no team, nothing to poll for */
        block_alone(draw, key, call, 0, n, out);
        return LF_OK;
    }
    const int past = n >= LARGE && !draw->scale.value && (uintptr_t)out % 16 == 0;
#pragma omp parallel for schedule(dynamic, 4) num_threads(lf_team(blocks))
    for (int64_t b = 0; b < blocks; b++) {
        if (lf_poll(&status))
            continue;
        const int64_t start = b * LF_BLOCK;
        lf_block block = {.draw = draw,
                          .key = key,
                          .call = call,
                          .block = (uint64_t)b,
                          .start = start,
                          .m = LF_MIN(LF_BLOCK, n - start),
                          .past = past};
        one_block(&block, law, out);
    }
    return status;
}

static void quantiles(const lf_table *table, int64_t n, const uint64_t *words, double *out)
{
    for (int64_t i = 0; i < n; i += LF_CHUNK)
        lf_table_values(table, LF_MIN(LF_CHUNK, n - i), words + i, out + i);
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

double LF_NAME(build)(const lf_side sides[2], lf_table *table, lf_single_table *single);

const lf_random_kernels LF_NAME(random_kernels) = {
    .fill = fill,
    .block = block_alone,
    .build = LF_NAME(build),
    .quantiles = quantiles,
    .vecmath = vecmath,
};
