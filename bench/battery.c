/* The engine's raw words, for batteries of tests of uniform words: bench/battery.py compiles and
 * runs it.
 *
 *   battery ORDER BITS K0 K1 K2 K3 raw
 *       words on the standard output, for ever
 *   battery ORDER BITS K0 K1 K2 K3 smallcrush|crush|bigcrush TEST...
 *       tests of TestU01 by number, one after another on one run of words; a line
 *       "p TEST PVALUE NAME" for each statistic (built with -DTESTU01)
 *
 *   ORDER  stream  block 0 of call 0 run on for ever
 *          blocks  as the package uses them: BLOCK words of block b of calls 0..CALLS-1, then of
 *                  block b + 1, and so on
 *   BITS   low     of each word the lower half, then the upper (the bytes of memory, little-endian)
 *          high    the upper halves only: the bits that variates are made of
 *          reversed  as low, of the word with its bits reversed: most tests look at the first bits
 *   K0..K3 the key, in hexadecimal */
#include <stdio.h>

#include "core/stream.h"
#ifdef TESTU01
#    include <testu01/bbattery.h>
#    include <testu01/swrite.h>
#    include <testu01/unif01.h>
#endif

#define BLOCK 2048
#define CALLS 16

static uint64_t key[4], words[BLOCK], block, call;
static uint32_t halves[2 * BLOCK];
static int in_blocks, reversed, high, used, available;
static lf_stream stream;

static uint64_t reverse(uint64_t w)
{
    uint64_t r = 0;
    for (int bit = 0; bit < 64; bit++)
        r |= (w >> bit & 1) << (63 - bit);
    return r;
}

static void refill(void)
{
    if (in_blocks) {
        lf_stream_open(&stream, key, call, block);
        if (++call == CALLS)
            call = 0, block++;
    }
    lf_stream_words(&stream, BLOCK / LF_LANES, words);
    available = 0;
    for (int i = 0; i < BLOCK; i++) {
        const uint64_t w = reversed ? reverse(words[i]) : words[i];
        if (!high)
            halves[available++] = (uint32_t)w;
        halves[available++] = (uint32_t)(w >> 32);
    }
    used = 0;
}

#ifdef TESTU01
static unsigned int next(void)
{
    if (used == available)
        refill();
    return halves[used++];
}

static int run_tests(const char *battery, int count, char **numbers)
{
    static int repeat[256]; /* by number; only one of them is 1 */
    unif01_Gen *gen = unif01_CreateExternGenBits("lidfast", next);
    swrite_Basic = FALSE;
    for (int i = 0; i < count; i++) {
        const int test = atoi(numbers[i]);
        if (test < 1 || test > 255)
            return 2;
        repeat[test] = 1;
        if (!strcmp(battery, "smallcrush"))
            bbattery_RepeatSmallCrush(gen, repeat);
        else if (!strcmp(battery, "crush"))
            bbattery_RepeatCrush(gen, repeat);
        else if (!strcmp(battery, "bigcrush"))
            bbattery_RepeatBigCrush(gen, repeat);
        else
            return 2;
        repeat[test] = 0;
        for (int j = 0; j < bbattery_NTests; j++)
            printf("\np %d %.17g %s\n", test, bbattery_pVal[j], bbattery_TestNames[j]);
        fflush(stdout);
    }
    unif01_DeleteExternGenBits(gen);
    return 0;
}
#endif

int main(int argc, char **argv)
{
    if (argc < 8)
        return 2;
    in_blocks = !strcmp(argv[1], "blocks");
    reversed = !strcmp(argv[2], "reversed");
    high = !strcmp(argv[2], "high");
    for (int i = 0; i < 4; i++)
        key[i] = strtoull(argv[3 + i], NULL, 16);
    lf_stream_open(&stream, key, 0, 0);
    if (!strcmp(argv[7], "raw"))
        for (refill();
             fwrite(halves, sizeof *halves, (size_t)available, stdout) == (size_t)available;)
            refill();
#ifdef TESTU01
    else
        return run_tests(argv[7], argc - 8, argv + 8);
#endif
    return 0;
}
