#include "campaigns_topic.h"
#include <stdio.h>

static void tell(const struct fr_record *r, const struct fr_campaign_faults *faults) {
    struct fr_buf text = {0};
    fr_campaign_faults_write(&text, faults);
    fprintf(stderr, "warning: partition %d offset %lld (%.*s) changes nothing: %.*s\n", (int)r->partition,
            (long long)r->offset, FR_STR_ARG(r->key), (int)text.len, text.data);
    fr_buf_fini(&text);
}

static void mark(struct campaigns_topic *t, struct fr_str key, bool is_bad) {
    uint32_t number = is_bad ? fr_dict_intern(&t->spoilt, key) : fr_dict_find(&t->spoilt, key);
    if (number == FR_DICT_NONE) return;
    if (number == t->is_spoilt.len) fr_buf_byte(&t->is_spoilt, 0);
    t->is_spoilt.data[number] = is_bad;
}

static bool apply(void *context, const struct fr_record *r) {
    struct campaigns_topic *t = context;
    struct fr_campaign_faults faults;
    bool good = fr_campaign_book_put(t->book, r->key, r->value, r->timestamp_ms, &faults);
    if (!good) tell(r, &faults);
    t->bad_records += !good;
    mark(t, r->key, !good);
    return true;
}

enum fr_err campaigns_topic_read(const struct fr_kafka_cluster *cluster, struct campaigns_topic *out,
                                 struct fr_errmsg *msg) {
    *out = (struct campaigns_topic){.book = fr_campaign_book_new()};
    fr_dict_init(&out->spoilt);
    return kafka_command_read(cluster, FR_TOPIC_CAMPAIGNS, apply, out, msg);
}

void campaigns_topic_fini(struct campaigns_topic *t) {
    if (!t->book) return;
    fr_campaign_book_free(t->book);
    fr_dict_fini(&t->spoilt);
    fr_buf_fini(&t->is_spoilt);
    t->book = NULL;
}

bool campaigns_topic_is_spoilt(const struct campaigns_topic *t, struct fr_str id) {
    uint32_t number = fr_dict_find(&t->spoilt, id);
    return number != FR_DICT_NONE && t->is_spoilt.data[number];
}
