/* bench_scores.h - a part of `freshet bench ads`: scoring. Private to app/. */
#ifndef FR_APP_BENCH_SCORES_H
#define FR_APP_BENCH_SCORES_H

#include "freshet/app/bench.h"
#include "freshet/run/live_ads.h"

/* With models that have been taught. rules and ads are borrowed. */
void bench_scores(const struct fr_rules *rules, const struct fr_live_ads *ads, uint64_t seed,
                  struct fr_bench_report *report);

#endif
