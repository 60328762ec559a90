/* The campaigns stage: what is no campaign goes to the rejects topic, with every fault.
 *
 * Every instance follows the campaigns for itself (run/campaign_follow.h), and a follower has no transaction to reject
 * something in; this stage reads the topic once more, as one group, so that each bad record is rejected once. It keeps
 * nothing: what a record is does not depend on any other. */
#include "freshet/run/rejects.h"
#include "freshet/run/runner.h"
#include "freshet/target/campaign_set.h"
#include <stdlib.h>

struct campaigns_stage {
    struct fr_stage base;
    const struct fr_rules *rules;
    struct fr_arena scratch; /* of one record */
    struct fr_buf detail;
};

static void begin(struct fr_stage *stage, const struct fr_stage_batch *b) {
    (void)stage;
    (void)b;
}

static void decode(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                   struct fr_wants *wants) {
    (void)stage;
    (void)b;
    (void)record;
    (void)wants; /* no states */
}

static void apply(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n, bool silent) {
    (void)cells;
    (void)cell_n;
    struct campaigns_stage *s = (struct campaigns_stage *)stage;
    const struct fr_record *r = &b->records[record];
    if (silent || !r->value.ptr) return; /* told before; or its id is given up */
    struct fr_campaign campaign;
    struct fr_campaign_faults faults = {0};
    fr_arena_clear(&s->scratch);
    if (fr_campaign_judge(r->value, r->key, &s->scratch, &campaign, NULL, &faults)) return;
    fr_buf_clear(&s->detail);
    fr_campaign_faults_write(&s->detail, &faults);
    fr_reject_record(stage, b, s->rules->topic_prefix, record, FR_REJECT_BAD_CAMPAIGN,
                     fr_buf_slice(&s->detail));
}

static void finish(struct fr_stage *stage, const struct fr_stage_batch *b) {
    (void)stage;
    (void)b;
}

static void free_stage(struct fr_stage *stage) {
    struct campaigns_stage *s = (struct campaigns_stage *)stage;
    fr_arena_fini(&s->scratch);
    fr_buf_fini(&s->detail);
    free(s);
}

static const struct fr_stage_ops ops = {.name = "campaigns",
                                        .input = FR_TOPIC_CAMPAIGNS,
                                        .begin = begin,
                                        .decode = decode,
                                        .apply = apply,
                                        .finish = finish,
                                        .free = free_stage};

struct fr_stage *fr_stage_campaigns_new(const struct fr_rules *rules) {
    struct campaigns_stage *s = fr_alloc_zero(1, sizeof *s);
    s->base = (struct fr_stage){&ops, FR_STAGE_CAMPAIGNS};
    s->rules = rules;
    return &s->base;
}
