#include "freshet/run/campaign_follow.h"
#include "freshet/base/log.h"
#include <stdlib.h>

struct fr_campaign_follow {
    struct fr_topic_follow *topic;
    struct fr_campaign_book *book;
    uint64_t bad_records;
};

static void tell(struct fr_campaign_follow *f, const struct fr_record *r,
                 const struct fr_campaign_faults *faults) {
    enum fr_fault_telling telling = fr_fault_telling(f->bad_records++);
    if (telling == FR_FAULT_TELL_LAST)
        fr_log(FR_LOG_WARN, "CAMPAIGN-FAULTS", "text=\"more are counted, not told\"");
    for (uint32_t i = 0; i < faults->n && telling == FR_FAULT_TELL; i++)
        fr_log(FR_LOG_WARN, "CAMPAIGN-FAULT", "partition=%d offset=%lld field=\"%s\" code=%s",
               (int)r->partition, (long long)r->offset, faults->at[i].field,
               fr_campaign_fault_name(faults->at[i].code));
}

static void apply(void *owner, const struct fr_record *r) {
    struct fr_campaign_follow *f = owner;
    struct fr_campaign_faults faults;
    if (!fr_campaign_book_put(f->book, r->key, r->value, r->timestamp_ms, &faults)) tell(f, r, &faults);
}

static uint64_t changes(void *owner) {
    return fr_campaign_book_changes(((struct fr_campaign_follow *)owner)->book);
}

static void *make_version(void *owner, uint64_t number) {
    struct fr_campaign_set *set =
        fr_campaign_book_version(((struct fr_campaign_follow *)owner)->book, number);
    fr_log(FR_LOG_INFO, "CAMPAIGNS", "version=%llu campaigns=%u segments=%u", (unsigned long long)number,
           set->campaign_n, set->segment_n);
    return set;
}

static void free_version(void *version) { fr_campaign_set_free(version); }

struct fr_campaign_follow *fr_campaign_follow_start(const struct fr_campaign_follow_config *config) {
    struct fr_campaign_follow *f = fr_alloc_zero(1, sizeof *f);
    f->book = fr_campaign_book_new();
    struct fr_topic_owner owner = {f, "CAMPAIGNS-MADE", apply, changes, make_version, free_version};
    struct fr_topic_source source = {config->context, config->open_tail, FR_TOPIC_CAMPAIGNS,
                                     config->interval_ms};
    f->topic = fr_topic_follow_start(&source, &owner);
    return f;
}

struct fr_slot *fr_campaign_follow_slot(struct fr_campaign_follow *f) {
    return fr_topic_follow_slot(f->topic);
}

void fr_campaign_follow_stop(struct fr_campaign_follow **follow_at) {
    struct fr_campaign_follow *f = *follow_at;
    if (!f) return;
    fr_topic_follow_stop(&f->topic);
    fr_campaign_book_free(f->book);
    free(f);
    *follow_at = NULL;
}
