/* Which instruction-set level this machine runs, by the x86-64 psABI's list of features. */
#include <stddef.h>
#include <string.h>

#include "core/isa.h"

#if defined(__x86_64__)
#    include <cpuid.h>

#    define HAS(reg, bit) (((reg) >> (bit)) & 1u)

static unsigned long long xgetbv(void)
{
    unsigned eax, edx;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return ((unsigned long long)edx << 32) | eax;
}

static int machine_level(void)
{
    unsigned a, b, c, d, ext_b = 0, ext_c = 0, amd_c = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 1;
    const unsigned feat_c = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        ext_b = b;
    if (__get_cpuid(0x80000001u, &a, &b, &ext_c, &d))
        amd_c = ext_c;
    /* sse3 ssse3 cmpxchg16b sse4.1 sse4.2 popcnt, lahf */
    const int v2 = HAS(feat_c, 0) && HAS(feat_c, 9) && HAS(feat_c, 13) && HAS(feat_c, 19) &&
                   HAS(feat_c, 20) && HAS(feat_c, 23) && HAS(amd_c, 0);
    if (!v2)
        return 1;
    /* fma movbe osxsave avx f16c, bmi1 avx2 bmi2, lzcnt, and a system that saves the registers */
    const int v3 = HAS(feat_c, 12) && HAS(feat_c, 22) && HAS(feat_c, 27) && HAS(feat_c, 28) &&
                   HAS(feat_c, 29) && HAS(ext_b, 3) && HAS(ext_b, 5) && HAS(ext_b, 8) &&
                   HAS(amd_c, 5) && (xgetbv() & 0x6) == 0x6;
    if (!v3)
        return 2;
    /* avx512 f dq cd bw vl */
    const int v4 = HAS(ext_b, 16) && HAS(ext_b, 17) && HAS(ext_b, 28) && HAS(ext_b, 30) &&
                   HAS(ext_b, 31) && (xgetbv() & 0xe6) == 0xe6;
    return v4 ? 4 : 3;
}
#endif

static const char *const names[LF_LEVEL_COUNT] = {[LF_baseline] = NULL,
#define X(level) [LF_##level] = (LF_##level == LF_baseline ? "baseline" : "x86-64-" #level),
                                                  LF_LEVELS
#undef X
};

const char *lf_isa_name(lf_level level)
{
    return names[level];
}

lf_level lf_isa_parse(const char *name)
{
    for (int level = 0; level < LF_LEVEL_COUNT; level++) {
        if (!names[level])
            continue;
        const char *dash = strrchr(names[level], '-');
        if (!strcmp(name, names[level]) || (dash && !strcmp(name, dash + 1)))
            return level;
    }
    return LF_LEVEL_COUNT;
}

int lf_isa_runs(lf_level level)
{
    if (!names[level])
        return 0;
#if defined(__x86_64__)
    switch (level) {
    case LF_v2:
        return machine_level() >= 2;
    case LF_v3:
        return machine_level() >= 3;
    case LF_v4:
        return machine_level() >= 4;
    default:
        break;
    }
#endif
    return level == LF_baseline;
}

lf_level lf_isa_default(void)
{
    for (int level = LF_v3; level >= 0; level--)
        if (lf_isa_runs(level))
            return level;
    return LF_LEVEL_COUNT;
}
