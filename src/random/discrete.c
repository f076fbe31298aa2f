/* The integer laws by rejection: binomial, poisson, zipf. */
#include "random/laws.h"

void LF_NAME(law_binomial)(lf_block *block, lf_variate *restrict out)
{
    (void)block, (void)out;
}
void LF_NAME(law_poisson)(lf_block *block, lf_variate *restrict out)
{
    (void)block, (void)out;
}
void LF_NAME(law_zipf)(lf_block *block, lf_variate *restrict out)
{
    (void)block, (void)out;
}
