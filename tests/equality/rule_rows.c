/* Rules asked of users who were made by a log of native events, to be compared with rule_naive.py's answers.
 *
 *   rule_rows LOG QUESTIONS HALF_LIFE_EPOCHS WINDOW_EPOCHS
 *
 * A question is a line: user id, tab, time in ms, tab, rule. The answer is a line: true, false or error. The world beside the
 * users is fixed: item "iK" has the category C(K mod 5) / D(K mod 7) and the tag t(K mod 3); a user is in a segment if its name
 * has an even number of letters; a propensity is the letters of its name by ten, not known from nine letters on. */
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include "freshet/target/rule.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 200, ID_MAX = 1 << 16 };

static struct fr_dict ids;
static struct fr_event_rules event_rules;
static struct fr_profile_rules rules;
static struct fr_decay decay;
static struct fr_catalog catalog;
static struct fr_user *users[ID_MAX]; /* by number of ids */

static void fail(const char *what) {
    fprintf(stderr, "rule_rows: %s\n", what);
    exit(1);
}

static void fill_catalog(void) {
    for (int k = 0; k < ITEMS; k++) {
        char id[16], broad[16], narrow[16], tag[16];
        snprintf(id, sizeof id, "i%d", k);
        snprintf(broad, sizeof broad, "C%d", k % 5);
        snprintf(narrow, sizeof narrow, "D%d", k % 7);
        snprintf(tag, sizeof tag, "t%d", k % 3);
        struct fr_str category[] = {fr_str_of(broad), fr_str_of(narrow)}, tags[] = {fr_str_of(tag)};
        struct fr_item_record record = {
            .id = fr_str_of(id), .category = category, .category_n = 2, .tags = tags, .tag_n = 1};
        fr_catalog_put(&catalog, &record);
    }
}

static struct fr_user *user_of(struct fr_str id) {
    uint32_t number = fr_dict_intern(&ids, id);
    if (number >= ID_MAX) fail("too many ids");
    if (!users[number]) {
        users[number] = fr_alloc(sizeof **users);
        fr_user_init(users[number]);
    }
    return users[number];
}

static void read_log(FILE *log) {
    struct fr_decoder *decoder = fr_decoder_new(&event_rules);
    struct fr_user_effects effects = {0};
    struct fr_arena arena = {0};
    fr_time_ms watermark = INT64_MIN;
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, log)) > 0; fr_arena_clear(&arena)) {
        struct fr_event event;
        struct fr_str text = {line, (uint32_t)n - 1};
        if (fr_decode_native(decoder, text, &arena, &event, NULL) != FR_REJECT_NONE) continue;
        if (fr_clean(&event_rules, &arena, event.time_ms, watermark, &event, NULL) != FR_REJECT_NONE)
            continue;
        watermark = fr_watermark_advance(watermark, &event);
        fr_user_apply(user_of(event.user_id), &event, &rules, &ids, &effects);
    }
    free(line);
    fr_arena_fini(&arena);
    fr_user_effects_fini(&effects);
    fr_decoder_free(&decoder);
}

static bool segment(void *context, struct fr_str name) {
    (void)context;
    return name.len % 2 == 0;
}

static double propensity(void *context, struct fr_str task) {
    (void)context;
    return task.len > 8 ? (double)NAN : task.len / 10.;
}

static const char *answer(char *line, size_t len, struct fr_arena *arena) {
    static const struct fr_rule_scope scope = {.has_segments = true};
    struct fr_rule_errors errors;
    char *time = memchr(line, '\t', len), *text = time ? strchr(time + 1, '\t') : NULL;
    if (!text) fail("a question has three parts");
    *time = 0;
    struct fr_str rule_text = {text + 1, (uint32_t)(len - (size_t)(text + 1 - line))};
    struct fr_rule *rule = fr_rule_compile(rule_text, &scope, &errors);
    if (!rule) return "error";
    struct fr_user *u = user_of(fr_str_of(line));
    fr_time_ms now_ms = strtoll(time + 1, NULL, 10);
    struct fr_rule_facts facts = {
        u,       &rules,     &ids, now_ms, fr_interests_of(u, &rules, &decay, &ids, &catalog, now_ms, arena),
        segment, propensity, NULL};
    bool matches = fr_rule_matches(rule, &facts);
    fr_rule_free(rule);
    return matches ? "true" : "false";
}

static void read_questions(FILE *questions) {
    struct fr_arena arena = {0};
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, questions)) > 0; fr_arena_clear(&arena))
        puts(answer(line, (size_t)n - 1, &arena));
    free(line);
    fr_arena_fini(&arena);
}

int main(int argc, char **argv) {
    FILE *log = argc == 5 ? fopen(argv[1], "r") : NULL, *questions = log ? fopen(argv[2], "r") : NULL;
    if (!questions) fail("usage: rule_rows LOG QUESTIONS HALF_LIFE_EPOCHS WINDOW_EPOCHS");
    fr_dict_init(&ids);
    fr_event_rules_init(&event_rules);
    fr_profile_rules_default(&rules, &event_rules);
    fr_decay_init(&decay, atof(argv[3]), (uint32_t)atoi(argv[4]));
    fr_catalog_init(&catalog, &ids);
    fill_catalog();
    read_log(log);
    read_questions(questions);
    fclose(log);
    fclose(questions);
    for (uint32_t i = 0; i < ids.n; i++) {
        if (users[i]) fr_user_fini(users[i]);
        free(users[i]);
    }
    fr_catalog_fini(&catalog);
    fr_decay_fini(&decay);
    fr_event_rules_fini(&event_rules);
    fr_dict_fini(&ids);
    return 0;
}
