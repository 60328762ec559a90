/* Estimates of audiences.
 *
 * Problem   "country == X" and "country == X and not (what only Ann did)" differ by Ann, or do not: two counts tell which. Asking
 *           often, or the same in other words, must not help against noise.
 * Choice    the noise hangs on the set itself. Two rules that mean the same people give the same answer; two sets that
 *           differ give two independent draws.
 * Rejected  a seed with the rule's text as well: `r`, `r and true`, `true and r` would be draws around one count, and their mean the
 *           count. Noise drawn anew each time: the same. Rounding alone: at an edge one person is ten. */
#include "freshet/target/audience.h"
#include "freshet/base/hash.h"
#include "freshet/base/real.h"

void fr_audience_add(struct fr_audience *a, struct fr_str user_id) {
    struct fr_hash128 h = fr_hash128(user_id.ptr, user_id.len, 0);
    a->n++;
    a->low += h.low;
    a->high += h.high;
}

/* Laplace: an exponential with a sign, by two parts of one hash. */
static int64_t noise_of(const struct fr_audience *a, struct fr_str salt) {
    uint64_t set[] = {a->n, a->low, a->high};
    uint64_t seed = fr_hash64(set, sizeof set, fr_hash_str(salt));
    double uniform = ((double)(seed >> 12) + .5) * 0x1p-52; /* in (0, 1) */
    double size = -FR_AUDIENCE_SCALE * fr_ln(uniform);
    int64_t whole = size >= FR_AUDIENCE_NOISE_MOST ? FR_AUDIENCE_NOISE_MOST : (int64_t)(size + .5);
    return seed & 1 ? whole : -whole;
}

/* With the noise, or FR_AUDIENCE_FEW. */
static int64_t count_of(const struct fr_audience *a, struct fr_str salt) {
    int64_t n = (int64_t)a->n + noise_of(a, salt);
    return n >= FR_AUDIENCE_LEAST + FR_AUDIENCE_NOISE_MOST ? n : FR_AUDIENCE_FEW;
}

int64_t fr_audience_estimate(const struct fr_audience *matching, const struct fr_audience *everybody,
                             struct fr_str salt) {
    struct fr_audience others = {everybody->n - matching->n, everybody->low - matching->low,
                                 everybody->high - matching->high};
    if (count_of(matching, salt) == FR_AUDIENCE_FEW) return FR_AUDIENCE_FEW;
    int64_t n = count_of(count_of(&others, salt) == FR_AUDIENCE_FEW ? everybody : matching, salt);
    if (n == FR_AUDIENCE_FEW) return FR_AUDIENCE_FEW;
    return (n + FR_AUDIENCE_STEP / 2) / FR_AUDIENCE_STEP * FR_AUDIENCE_STEP;
}
