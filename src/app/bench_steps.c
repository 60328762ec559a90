/* What each step of the two stages takes, by calling the rooms' functions one after another on the same load: a clock
 * around a group of calls of one kind, nothing inside the program's own path.
 *
 *   decode+clean -> [profile apply -> emit] -> finish -> [list -> record] -> read -> apply -> neighbours -> encode
 *
 * Steps in brackets take turns over small groups, because each needs what the one before left in memory. Groups of
 * profile steps end where a user comes a second time: emitting must see the history as its event left it.
 *
 * A batch is as large as the program's under load; neighbours of at most publish_per_batch items and every touched
 * state are written once a batch. What is left out is what run/ and adapt/ add: looking states up, copying records,
 * transactions. Compare the sum with the figure of the whole stages. */
#include "bench_steps.h"
#include <stdlib.h>

enum { BATCH = 20000, GROUP = 512, LISTS = 64, EVENTS = 200000 };

void *steps_room(void *array, size_t n, size_t *cap, size_t element) {
    if (n <= *cap) return array;
    size_t grown = *cap ? *cap : 1024;
    while (grown < n) grown *= 2;
    array = fr_realloc(array, grown * element);
    memset((char *)array + *cap * element, 0, (grown - *cap) * element);
    *cap = grown;
    return array;
}

void steps_count(struct steps *s, enum step step, int64_t start_ns, uint64_t calls) {
    s->times[step].ns += fr_clock_cpu_ns() - start_ns;
    s->times[step].calls += calls;
}

struct input {
    struct fr_str text;
    fr_time_ms time_ms;
    uint32_t user;
};

static void make_inputs(struct steps *s, struct input *inputs, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const struct fr_bench_event *e = fr_bench_load_next(s->load, 1700000000000 + (fr_time_ms)s->made++);
        inputs[i] = (struct input){fr_arena_copy(&s->batch, fr_bench_text(e)), e->time_ms, e->user};
    }
}

static void decode(struct steps *s, const struct input *inputs, struct fr_event *events, uint32_t n) {
    int64_t start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < n; i++) {
        struct fr_decode_input in = {.value = inputs[i].text};
        enum fr_reject reject = fr_decode(s->decoder, &in, &s->batch, &events[i], NULL);
        if (reject == FR_REJECT_NONE)
            reject = fr_clean(&s->rules->events, &s->batch, inputs[i].time_ms, INT64_MIN, &events[i], NULL);
        FR_ASSERT(reject == FR_REJECT_NONE);
    }
    steps_count(s, STEP_DECODE, start, n);
}

/* How many events from the first on are of different users, at most GROUP. */
static uint32_t group_size(struct steps *s, const struct input *inputs, uint32_t n) {
    uint32_t size = 0;
    s->groups++;
    while (size < n && size < GROUP && s->group_of[inputs[size].user] != s->groups)
        s->group_of[inputs[size++].user] = s->groups;
    return size;
}

static void touch(struct steps *s, uint32_t user) {
    if (s->touched[user]) return;
    s->touched[user] = true;
    s->touched_users[s->touched_n++] = user;
}

static void apply_group(struct steps *s, const struct input *inputs, const struct fr_event *events,
                        uint32_t n) {
    const struct fr_profile_rules *rules = &s->rules->profile;
    int64_t start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < n; i++)
        fr_user_apply(&s->users[inputs[i].user], &events[i], rules, &s->ids, &s->effects[i]);
    steps_count(s, STEP_PROFILE, start, n);
    start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < n; i++) {
        const struct fr_user_effects *e = &s->effects[i];
        if (e->changes.n)
            fr_delta_emit(s->sink, rules, &s->users[inputs[i].user].history, e->changes.at, e->changes.n,
                          e->group_before, e->group_before);
    }
    steps_count(s, STEP_EMIT, start, n);
    for (uint32_t i = 0; i < n; i++)
        if (s->effects[i].list_due) touch(s, inputs[i].user);
}

/* The number of packed records in the sink. */
static uint32_t apply(struct steps *s, const struct input *inputs, const struct fr_event *events,
                      uint32_t n) {
    fr_delta_sink_clear(s->sink);
    for (uint32_t at = 0; at < n;) {
        uint32_t size = group_size(s, inputs + at, n - at);
        apply_group(s, inputs + at, events + at, size);
        at += size;
    }
    int64_t start = fr_clock_cpu_ns();
    uint32_t records = fr_delta_finish(s->sink);
    steps_count(s, STEP_FINISH, start, 1);
    return records;
}

static void candidates_of(void *context, uint32_t item, const struct fr_candidate **out, uint32_t *n) {
    const struct steps *s = context;
    struct candidates row = item < s->rows_cap ? s->rows[item] : (struct candidates){0};
    *out = row.at;
    *n = row.n;
}

static struct fr_list make_list(struct steps *s, const struct fr_history *h) {
    struct fr_seed *seeds = fr_arena_alloc(&s->group, h->n * sizeof *seeds);
    for (uint32_t i = 0; i < h->n; i++)
        seeds[i] = (struct fr_seed){.item = h->ids[i], .strength = h->entries[i].strength.weight};
    struct fr_list_input in = {
        .items = &s->ids, .seeds = seeds, .seed_n = h->n, .candidates_of = candidates_of, .context = s};
    return fr_list_make(s->ranker, &s->rules->list, &in, &s->group);
}

static void write_record(struct steps *s, const struct fr_list *list, int64_t offset) {
    char id[37];
    struct fr_recommendation_cause cause = {FR_STR("freshet.events"), 0, offset, offset, 0};
    struct fr_recommendation r = {.id = {id, 36},
                                  .user_id = FR_STR("u000000"),
                                  .surface = FR_STR("default"),
                                  .generated_ms = 1700000000000 + offset,
                                  .expires_ms = 1700003600000 + offset,
                                  .model_name = FR_STR("item-cf"),
                                  .model_version = FR_STR("1")};
    fr_recommendation_id(&cause, r.user_id, r.surface, r.model_version, id);
    fr_buf_clear(&s->text);
    fr_recommendation_write(&s->text, &r, list, &s->ids);
    fr_recommendation_headers(&r, FR_STR("/freshet"), &s->group);
}

static void lists(struct steps *s) {
    struct fr_list made[LISTS];
    for (uint32_t at = 0; at < s->touched_n; at += LISTS) {
        uint32_t n = s->touched_n - at < LISTS ? s->touched_n - at : LISTS;
        fr_arena_clear(&s->group);
        int64_t start = fr_clock_cpu_ns();
        for (uint32_t i = 0; i < n; i++) made[i] = make_list(s, &s->users[s->touched_users[at + i]].history);
        steps_count(s, STEP_LIST, start, n);
        start = fr_clock_cpu_ns();
        for (uint32_t i = 0; i < n; i++) write_record(s, &made[i], (int64_t)at + i);
        steps_count(s, STEP_RECORD, start, n);
    }
}

static void encode_users(struct steps *s) {
    int64_t start = fr_clock_cpu_ns();
    fr_buf_clear(&s->text);
    for (uint32_t i = 0; i < s->touched_n; i++)
        fr_user_encode(&s->users[s->touched_users[i]], &s->rules->profile, &s->ids, &s->text);
    steps_count(s, STEP_ENCODE_USERS, start, s->touched_n);
}

static void batch(struct steps *s, uint32_t n) {
    fr_arena_clear(&s->batch);
    struct input *inputs = fr_arena_alloc(&s->batch, n * sizeof *inputs);
    struct fr_event *events = fr_arena_alloc(&s->batch, n * sizeof *events);
    make_inputs(s, inputs, n);
    decode(s, inputs, events, n);
    uint32_t records = apply(s, inputs, events, n);
    if (s->outputs) {
        lists(s);
        encode_users(s);
    }
    for (uint32_t i = 0; i < s->touched_n; i++) s->touched[s->touched_users[i]] = false;
    s->touched_n = 0;
    steps_items(s, records);
}

static void pass(struct steps *s, uint64_t n, const char *what) {
    struct fr_bench_progress progress = {.what = what, .total = n};
    fr_bench_progress(&progress, 0);
    memset(s->times, 0, sizeof s->times);
    for (uint64_t done = 0; done < n;) {
        uint32_t size = n - done < BATCH ? (uint32_t)(n - done) : BATCH;
        batch(s, size);
        fr_bench_progress(&progress, done += size);
    }
}

static void open_steps(struct steps *s, const struct fr_bench_options *o, const struct fr_rules *rules) {
    uint32_t users = (uint32_t)o->users;
    *s = (struct steps){.rules = rules, .users_n = users};
    s->load = fr_bench_load_new(users, (uint32_t)o->items, (uint64_t)o->seed);
    fr_dict_init(&s->ids);
    s->decoder = fr_decoder_new(&rules->events);
    s->sink = fr_delta_sink_new(&s->ids, (uint32_t)o->partitions, 0);
    s->ranker = fr_ranker_new();
    s->users = fr_alloc_zero(users, sizeof *s->users);
    for (uint32_t i = 0; i < users; i++) fr_user_init(&s->users[i]);
    s->group_of = fr_alloc_zero(users, sizeof *s->group_of);
    s->touched = fr_alloc_zero(users, sizeof *s->touched);
    s->touched_users = fr_alloc_zero(users, sizeof *s->touched_users);
    s->effects = fr_alloc_zero(GROUP, sizeof *s->effects);
}

static void close_steps(struct steps *s) {
    steps_items_fini(s);
    for (uint32_t i = 0; i < GROUP; i++) fr_user_effects_fini(&s->effects[i]);
    for (uint32_t i = 0; i < s->users_n; i++) fr_user_fini(&s->users[i]);
    free(s->users);
    free(s->group_of);
    free(s->touched);
    free(s->touched_users);
    free(s->effects);
    fr_buf_fini(&s->text);
    fr_arena_fini(&s->batch);
    fr_arena_fini(&s->group);
    fr_ranker_free(s->ranker);
    fr_delta_sink_free(&s->sink);
    fr_decoder_free(&s->decoder);
    fr_dict_fini(&s->ids);
    fr_bench_load_free(&s->load);
}

static double sum_ns(const struct step_time times[STEP_N]) {
    double sum = 0;
    for (unsigned i = 0; i < STEP_N; i++) sum += (double)times[i].ns;
    return sum;
}

static void add(struct fr_bench_report *report, const struct step_time times[STEP_N], uint64_t n) {
    static const char *const columns[] = {"ns_per_event", "percent", "calls_per_event", "ns_per_call"};
    static const char *const names[] = {
#define STEP_TEXT(name, text) text,
        STEP_MAP(STEP_TEXT)
#undef STEP_TEXT
    };
    double sum = sum_ns(times);
    fr_bench_section(report, "steps");
    for (unsigned i = 0; i < STEP_N; i++) {
        double ns = (double)times[i].ns, calls = (double)times[i].calls;
        double values[] = {ns / (double)n, 100 * ns / sum, calls / (double)n, calls > 0 ? ns / calls : 0};
        fr_bench_row(report, names[i], columns, values, 4);
    }
    fr_bench_section(report, "steps_sum");
    fr_bench_value(report, "ns_per_event", sum / (double)n);
    fr_bench_value(report, "events_per_cpu_s", (double)n * 1e9 / sum);
}

void fr_bench_steps(const struct fr_bench_options *o, const struct fr_rules *rules,
                    struct fr_bench_report *report) {
    struct steps s;
    struct step_time best[STEP_N] = {0};
    uint64_t n = (uint64_t)(o->events ? o->events : EVENTS);
    open_steps(&s, o, rules);
    pass(&s, (uint64_t)(o->users * o->fill), "fill");
    s.outputs = true;
    pass(&s, n, "neighbours"); /* so that lists find some */
    for (int64_t i = 0; i < o->rounds; i++) {
        pass(&s, n, "steps");
        if (i == 0 || sum_ns(s.times) < sum_ns(best)) memcpy(best, s.times, sizeof best);
    }
    add(report, best, n);
    close_steps(&s);
}
