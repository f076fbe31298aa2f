/* Stable laws. */
#include "random/laws.h"

/* Chambers, Mallows and Stuck, J. Am. Stat. Assoc. 71 (1976) 340, as corrected by Weron (Stat.
 * Probab. Lett. 28, 1996, 165), scale 1 and location 0 in Samorodnitsky and Taqqu's (S1) sense:
 * with the angle V uniform in
 * (-pi/2, pi/2), t = tan(pi alpha / 2) and alpha B = arctan(beta t),
 *
 *     (1 + beta^2 t^2)^(1/(2 alpha)) sin(alpha (V + B)) / cos(V)^(1/alpha)
 *         (cos(V - alpha (V + B)) / E)^((1 - alpha) / alpha).
 *
 * The law is its own mirror image with -beta, so V is taken below 0, and phi = V + pi/2 from a word
 * that is fine near 0, where the tails are. With s and c the sine and cosine of pi alpha / 2 and
 * r = sqrt(c^2 + beta^2 s^2), the angle eta of cosine (c^2 + beta s^2) / r and sine s |c| (1 -
 * beta) / r makes it, with the sign of 1 - alpha,
 *
 *     +- (r / |c|)^(1/alpha) sin(alpha phi -+ eta) / sin(phi)^(1/alpha)
 *         (sin(|1 - alpha| phi + eta) / E)^((1 - alpha) / alpha),
 *
 * where nothing cancels that alpha near 1 or beta = +-1 would make small. */

/* Of one parameter pair and its mirror image. */
typedef struct {
    const double *alpha, *beta;
    double alpha_room[LF_CHUNK], beta_room[LF_CHUNK];
    double root[LF_CHUNK];                      /* r */
    double square[LF_CHUNK], product[LF_CHUNK]; /* s^2, s |c| */
    double log_scale[LF_CHUNK];                 /* ln(r / |c|) */
} lf_stable;

static inline void set_up(lf_stable *law, int64_t different, int64_t padded)
{
    for (int64_t i = 0; i < different; i++) {
        double s, c;
        lf_sincos_turn(0.25 * law->alpha[i], &s, &c);
        const double slope = law->beta[i] * s, both = c * c + slope * slope;
        /* of alpha = 1 what follows is not used; it must not trap */
        const double cosine = fabs(c) > 1e-300 ? fabs(c) : 1.0;
        law->root[i] = sqrt(both);
        law->square[i] = s * s;
        law->product[i] = fabs(s) * cosine;
        law->log_scale[i] = 0.5 * lf_log(both / (cosine * cosine));
    }
    for (int64_t i = different; i < padded; i++) {
        law->root[i] = law->root[0];
        law->square[i] = law->square[0];
        law->product[i] = law->product[0];
        law->log_scale[i] = law->log_scale[0];
    }
}

/* alpha = 1: the angle and a logarithm. */
static void fill_ones(int64_t count, const lf_stable *law, const uint64_t *restrict words,
                      const double *restrict e, double *restrict x)
{
    for (int64_t i = 0; i < count; i++) {
        const uint64_t upper = (uint64_t)0 - (words[i] >> 63);
        const double distance = lf_unit_open_below(words[i] ^ upper);
        const double beta = upper ? -law->beta[i] : law->beta[i];
        double s, c;
        lf_sincos_turn(0.5 * distance, &s, &c);
        const double weight = (1 - beta) + 2 * beta * distance;
        const double y =
            -weight * (c / s) - beta * (0x1.45f306dc9c883p-1 * lf_log(e[i] * s / weight));
        const double one = upper ? -y : y;
        x[i] = law->alpha[i] == 1 ? one : x[i];
    }
}

void LF_NAME(law_stable)(lf_block *block, lf_variate *restrict out)
{
    const lf_draw *const draw = block->draw;
    lf_stable law;
    const int fixed = !draw->a.step && !draw->b.step;
    FOR_EACH_CHUNK
    {
        uint64_t words[2][LF_CHUNK];
        double e[LF_CHUNK], x[LF_CHUNK];
        lf_words(block, 2, padded, words);
        lf_table_values(draw->exponential, padded, words[1], e);
        if (!fixed || first == 0) {
            law.alpha = lf_values(block, draw->a, first, count, law.alpha_room);
            law.beta = lf_values(block, draw->b, first, count, law.beta_room);
            set_up(&law, fixed ? LF_LANES : padded, padded);
        }
        int64_t ones = 0;
        for (int64_t i = 0; i < padded; i++) {
            const double alpha = law.alpha[i], less = fabs(1 - alpha);
            const uint64_t upper = (uint64_t)0 - (words[0][i] >> 63);
            const double distance = lf_unit_open_below(words[0][i] ^ upper);
            const double beta = upper ? -law.beta[i] : law.beta[i];
            const double sine = law.product[i] * (1 - beta);
            const double cosine = (1 - law.square[i]) + beta * law.square[i];
            double s1, c1, s2, c2;
            lf_sincos_turn(0.5 * alpha * distance, &s1, &c1);
            lf_sincos_turn(0.5 * less * distance, &s2, &c2);
            const double side = alpha < 1 ? 1.0 : -1.0;
            const double sine_phi = s1 * c2 + side * (c1 * s2);
            const double front = (side * (s1 * cosine) - c1 * sine) / law.root[i];
            const double back = (s2 * cosine + c2 * sine) / (law.root[i] * e[i]);
            double half =
                0.5 * ((law.log_scale[i] - lf_log(sine_phi) + (1 - alpha) * lf_log(back)) / alpha);
            half = half < 709 ? half : 709;
            const double power = lf_exp(half);
            const double y = (front * power) * power; /* in halves: neither overflows alone */
            x[i] = upper ? -y : y;
            ones |= alpha == 1;
        }
        if (ones)
            fill_ones(padded, &law, words[0], e, x);
        memcpy(out + first, x, (size_t)count * sizeof *out);
    }
}
