/* eval_ctr.h - the parts of `freshet eval ctr`, one C file each.
 *
 *     line -> world: decode, clean -> steps (shown, yes) -> model: predict what is shown, learn what is decided -> judge
 *
 * Steps are made a few thousand at a time and then taken in one go: what the model costs is measured without the reading. */
#ifndef FR_APP_EVAL_CTR_INTERNAL_H
#define FR_APP_EVAL_CTR_INTERNAL_H

#include "freshet/base/dict.h"
#include "freshet/event/decode.h"
#include "freshet/learn/binary_quality.h"
#include "freshet/profile/attributes.h"
#include "freshet/run/stages.h"
#include "freshet/target/attribution.h"
#include "freshet/target/impression.h"

/* ---- eval_ctr_world.c: events become steps ---- */

struct ctr_step {
    bool is_yes;                /* else: it was shown */
    bool goes_on;               /* the next step is of the same event */
    uint64_t key;               /* of attribution */
    uint32_t group;             /* number in the world's groups; of what was shown */
    struct fr_impression shown; /* of a yes: only time_ms */
};

enum { CTR_STEPS_PER_EVENT = FR_EVENT_IMPRESSIONS > FR_EVENT_ITEMS ? FR_EVENT_IMPRESSIONS : FR_EVENT_ITEMS };

struct ctr_world;

/* labels: the types of event that are a yes. Keeps rules. gives. */
struct ctr_world *ctr_world_new(const struct fr_rules *rules, const bool labels[FR_EVENT_TYPE_N]);
void ctr_world_free(struct ctr_world *w);
enum fr_err ctr_world_items(struct ctr_world *w, const char *path, struct fr_errmsg *msg) FR_MUST_USE;
/* The steps of a line, at most CTR_STEPS_PER_EVENT. Returns how many; 0 for one that is rejected or none of ours. */
uint32_t ctr_world_read(struct ctr_world *w, struct fr_str line, struct ctr_step *out);
uint64_t ctr_world_rejected(const struct ctr_world *w);
struct fr_str ctr_world_group(const struct ctr_world *w, uint32_t group);
uint32_t ctr_world_groups(const struct ctr_world *w);

/* ---- eval_ctr.c ---- */

/* What was predicted and what came of it. */
struct ctr_judge {
    double *predicted; /* [n] in the order of impressions */
    int8_t *labels;    /* [n] 0, 1, -1: not decided */
    uint32_t *groups;  /* [n] */
    size_t n, cap;
};

struct ctr_report {
    const struct ctr_judge *judge;
    const struct ctr_world *world;
    const char *label; /* as asked for */
    struct fr_attribution_counts answers;
    uint64_t events, undecided;
    double model_s, total_s; /* of one thread's processor time; of the clock */
    double window_minutes;
};

/* ---- eval_ctr_report.c ---- */

void ctr_report_table(const struct ctr_report *r, struct fr_buf *out);
void ctr_report_json(const struct ctr_report *r, struct fr_buf *out);
void ctr_report_plot(const struct ctr_report *r, struct fr_buf *out);

#endif
