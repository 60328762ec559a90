#include "freshet/base/real.h"
#include "eval_stream.h"

/* place from 1; 0: not in the list. */
static void tally(const struct stream_judge *j, struct stream_tally *t, uint32_t place) {
    t->tested++;
    for (uint32_t i = 0; i < j->k_n; i++) {
        if (place == 0 || place > j->ks[i]) continue;
        t->hits[i]++;
        t->mrr[i] += 1. / place;
        t->ndcg[i] += 1 / fr_log2(1. + place);
    }
}

static void note_shown(struct stream_judge *j, uint32_t whose, uint32_t item) {
    bool was_there;
    fr_map_put(&j->shown, (uint64_t)whose << 32 | item, &was_there);
    j->shown_n[whose] += !was_there;
}

void stream_judge_list(struct stream_judge *j, const struct fr_list *list, uint32_t target, uint32_t history,
                       uint32_t age) {
    uint32_t place = 0;
    for (uint32_t i = 0; i < list->item_n; i++) {
        if (i < j->ks[0]) note_shown(j, 0, list->items[i].item);
        if (i < j->ks[0]) j->promised += list->items[i].score;
        if (list->items[i].item == target) place = i + 1;
    }
    tally(j, &j->blend, place);
    tally(j, &j->slices[j->slice], place);
    tally(j, &j->by_history[history], place);
    tally(j, &j->by_age[age], place);
}

void stream_judge_source(struct stream_judge *j, uint32_t source, const struct fr_vote *votes, uint32_t n,
                         uint32_t target) {
    uint32_t place = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (i < j->ks[0]) note_shown(j, source + 1, votes[i].item);
        if (votes[i].item == target) place = i + 1;
    }
    tally(j, &j->by_source[source], place);
    j->source_hits[source][j->slice] += place > 0 && place <= j->ks[0];
}

void stream_judge_fini(struct stream_judge *j) { fr_map_fini(&j->shown); }

double stream_recall(const struct stream_tally *t, uint32_t k_at) {
    return t->tested ? (double)t->hits[k_at] / (double)t->tested : 0;
}
