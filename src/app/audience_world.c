#include "audience_world.h"
#include "freshet/app/campaigns_change.h"
#include <stdio.h>

int audience_world_open(struct audience_world *w, const struct fr_config *config) {
    struct fr_errmsg msg = {0};
    *w = (struct audience_world){.config = config};
    fr_wiring_init(&w->wiring, config, NULL);
    enum fr_err err = fr_state_open(&w->reader, config, &msg);
    if (err != FR_OK) return fr_report_failed("audience", err, &msg);
    if (w->reader.keys[FR_STAGE_USER].partitions == 0)
        fprintf(stderr, "freshet audience: nothing is stored under the prefix %s\n", config->topic_prefix);
    return FR_EXIT_OK;
}

void audience_world_close(struct audience_world *w) {
    if (w->has_catalog) fr_catalog_fini(&w->catalog);
    if (w->models) fr_live_propensities_free(w->models);
    fr_campaign_set_free(w->set);
    campaigns_topic_fini(&w->topic);
    fr_arena_fini(&w->scratch);
    fr_state_close(&w->reader);
    fr_wiring_fini(&w->wiring);
}

/* ---- the topics ---- */

int audience_world_read_campaigns(struct audience_world *w) {
    struct fr_errmsg msg = {0};
    if (w->set) return FR_EXIT_OK;
    enum fr_err err = campaigns_topic_read(&w->wiring.cluster, &w->topic, &msg);
    if (err != FR_OK) return kafka_command_failed("audience", w->config, err, &msg);
    w->set = fr_campaign_book_version(w->topic.book, 1);
    return FR_EXIT_OK;
}

static bool apply_item(void *context, const struct fr_record *r) {
    struct audience_world *w = context;
    struct fr_item_record item;
    struct fr_item_faults faults;
    fr_arena_clear(&w->scratch);
    if (!r->value.ptr)
        fr_catalog_remove(&w->catalog, fr_dict_find(&w->reader.ids, r->key));
    else if (fr_item_record_read(r->value, r->key, &w->scratch, &item, &faults))
        fr_catalog_put(&w->catalog, &item);
    else
        w->bad_items++;
    return true;
}

static int read_catalog(struct audience_world *w) {
    struct fr_errmsg msg = {0};
    fr_catalog_init(&w->catalog, &w->reader.ids);
    w->has_catalog = true;
    enum fr_err err = kafka_command_read(&w->wiring.cluster, FR_TOPIC_ITEMS, apply_item, w, &msg);
    if (err != FR_OK) return kafka_command_failed("audience", w->config, err, &msg);
    if (w->bad_items)
        fprintf(stderr,
                "warning: %llu records of the items topic are no items (freshet items check tells why)\n",
                (unsigned long long)w->bad_items);
    if (w->catalog.n == 0) fprintf(stderr, "warning: the catalogue is empty: nobody has an interest\n");
    return FR_EXIT_OK;
}

/* ---- what a rule asks for ---- */

static bool is_in_force(const struct fr_live_propensities *p, struct fr_str task) {
    for (uint32_t i = 0; i < p->n; i++)
        if (fr_str_eq(fr_str_of(p->at[i].entry.task), task)) return true;
    return false;
}

static int read_models(struct audience_world *w, const struct fr_str *tasks, uint32_t n) {
    struct fr_propensity_list list;
    struct fr_errmsg msg = {0};
    const char *prefix = w->config->topic_prefix;
    enum fr_err err = w->models ? FR_OK : fr_propensity_list_get(w->reader.store, prefix, &list, &msg);
    if (err != FR_OK) return fr_report_failed("audience", err, &msg);
    if (!w->models) w->models = fr_live_propensities_load(w->reader.store, prefix, &list, 1);
    for (uint32_t i = 0; i < n; i++) {
        if (is_in_force(w->models, tasks[i])) continue;
        fprintf(stderr,
                "freshet audience: no model is in force for propensity(\"%.*s\") (make one with: freshet "
                "propensities fit %.*s)\n",
                FR_STR_ARG(tasks[i]), FR_STR_ARG(tasks[i]));
        return FR_EXIT_USAGE;
    }
    return FR_EXIT_OK;
}

/* Of one rule, those that it asks for not included. */
static int note_needs(struct audience_world *w, const struct fr_rule *rule) {
    const struct fr_str *names;
    w->rules.asks_interests |= fr_rule_asks_interests(rule);
    uint32_t n = fr_rule_propensities(rule, &names);
    return n ? read_models(w, names, n) : FR_EXIT_OK;
}

static int note_segments(struct audience_world *w, const struct fr_rule *rule) {
    const struct fr_str *names;
    uint32_t n = fr_rule_segments(rule, &names);
    int code = n ? audience_world_read_campaigns(w) : FR_EXIT_OK;
    for (uint32_t i = 0; i < n && code == FR_EXIT_OK; i++) {
        const struct fr_campaign_entry *segment = fr_campaign_set_segment(w->set, names[i]);
        if (segment)
            code = note_needs(w, segment->rule);
        else
            fprintf(stderr, "warning: there is no segment %.*s: nobody is in it\n", FR_STR_ARG(names[i]));
    }
    return code;
}

static int set_time(struct audience_world *w) {
    int32_t epoch;
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_state_epoch(&w->reader, &epoch, &msg);
    if (err != FR_OK) return fr_report_failed("audience", err, &msg);
    fr_time_ms end_ms = ((fr_time_ms)epoch + 1) * w->reader.rules.profile.epoch_ms - 1;
    w->now_ms = fr_clock_wall_ms();
    if (end_ms < w->now_ms) w->now_ms = end_ms;
    return FR_EXIT_OK;
}

int audience_world_prepare(struct audience_world *w, const struct fr_rule *rule) {
    int code = note_needs(w, rule);
    if (code == FR_EXIT_OK) code = note_segments(w, rule);
    if (code == FR_EXIT_OK && w->rules.asks_interests && !w->has_catalog) code = read_catalog(w);
    if (code == FR_EXIT_OK) code = set_time(w);
    w->rules.rules = &w->reader.rules.profile;
    w->rules.decay = &w->reader.rules.popularity;
    w->rules.ids = &w->reader.ids;
    w->rules.set = w->set;
    w->rules.catalog = w->has_catalog ? &w->catalog : NULL;
    return code;
}

/* ---- the people ---- */

struct walk {
    struct audience_world *world;
    enum fr_err (*visit)(void *context, const struct audience_person *person, struct fr_errmsg *msg);
    void *context;
    uint32_t read, all;
};

static void tell_progress(struct walk *k) {
    if (++k->read % 100000 == 0) fprintf(stderr, "freshet audience: %u of %u users\n", k->read, k->all);
}

static enum fr_err visit_state(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct walk *k = context;
    struct audience_world *w = k->world;
    struct fr_user user;
    fr_arena_clear(&w->scratch);
    enum fr_err err = fr_state_user(&w->reader, state, &user, msg);
    struct fr_propensity_question question = {w->models, &user, w->now_ms, NULL, &w->scratch};
    w->rules.propensity = w->models ? fr_propensity_answer : NULL;
    w->rules.propensity_context = &question;
    if (err == FR_OK && fr_user_allows_ads(&user, w->reader.rules.ads.consent_must_be_given)) {
        struct audience_person person = {state->id, &user,
                                         fr_rule_facts_of(&w->rules, &user, w->now_ms, &w->scratch)};
        err = k->visit(k->context, &person, msg);
    }
    tell_progress(k);
    fr_user_fini(&user);
    return err;
}

enum fr_err audience_world_each(struct audience_world *w,
                                enum fr_err (*visit)(void *context, const struct audience_person *person,
                                                     struct fr_errmsg *msg),
                                void *context, struct fr_errmsg *msg) {
    struct fr_state_list list = {0};
    struct walk walk = {w, visit, context, 0, 0};
    enum fr_err err = fr_state_list(w->reader.store, &w->reader.keys[FR_STAGE_USER], FR_KEY_USER, &list, msg);
    walk.all = list.n;
    if (err == FR_OK) err = fr_state_each(w->reader.store, &list, visit_state, &walk, msg);
    fr_state_list_fini(&list);
    return err;
}
