/* The native scanner and its Jansson twin on the fuzz target's corpus and on 40,000 seeded mutations of it: the same
 * reason, the same field at fault, the same event. (tests/fuzz/fuzz_decode.c does the same without an end.) */
#include "check.h"
#include "event_equal.h"
#include "freshet/base/rng.h"
#include "freshet/event/decode.h"
#include <dirent.h>
#include <stdlib.h>

enum { CORPUS_MAX = 64, TEXT_MAX = 1024, MUTATIONS = 40000 };

static struct {
    char bytes[TEXT_MAX / 2];
    uint32_t n;
} corpus[CORPUS_MAX];
static uint32_t corpus_n;
static struct fr_event_rules rules;
static struct fr_decoder *decoder;
static struct fr_arena arena;
static unsigned seen[FR_REJECT_N];

static bool same(struct fr_str text) {
    struct fr_event a, b;
    struct fr_str detail_a, detail_b;
    enum fr_reject scanner = fr_decode_native(decoder, text, &arena, &a, &detail_a);
    enum fr_reject jansson = fr_decode_native_jansson(decoder, text, &arena, &b, &detail_b);
    const char *member = scanner == jansson && scanner == FR_REJECT_NONE ? event_difference(&a, &b) : NULL;
    bool equal = scanner == jansson && fr_str_eq(detail_a, detail_b) && !member;
    if (!equal)
        fprintf(stderr, "scanner %s, jansson %s, %s differs: %.*s\n", fr_reject_code(scanner),
                fr_reject_code(jansson), member ? member : "nothing", FR_STR_ARG(text));
    seen[scanner]++;
    fr_arena_clear(&arena);
    return equal;
}

static int is_file(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* In the order of the names, so that a seed means the same everywhere. */
static void test_corpus(void) {
    const char *folder = "tests/fuzz/corpus/fuzz_decode";
    struct dirent **names;
    int n = scandir(folder, &names, is_file, alphasort);
    CHECK(n > 0 && n <= CORPUS_MAX);
    for (int i = 0; i < n; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        free(names[i]);
        FILE *file = fopen(path, "rb");
        CHECK(file && corpus_n < CORPUS_MAX);
        if (!file || corpus_n == CORPUS_MAX) continue;
        corpus[corpus_n].n = (uint32_t)fread(corpus[corpus_n].bytes, 1, sizeof corpus->bytes, file);
        fclose(file);
        CHECK(same((struct fr_str){corpus[corpus_n].bytes, corpus[corpus_n].n}));
        corpus_n++;
    }
    if (n >= 0) free(names);
}

/* One to four small changes: a byte replaced by a telling one, a stretch removed, a stretch repeated. */
static uint32_t mutate(struct fr_rng *rng, char *text, uint32_t n, uint32_t room) {
    static const char bytes[] = "{}[]\",:\\0123456789.eE+-tfnu \n\0\x7f\xc3\xa9\xed\xff";
    for (uint32_t changes = 1 + fr_rng_below(rng, 4); changes && n > 1; changes--) {
        uint32_t at = fr_rng_below(rng, n), span = 1 + fr_rng_below(rng, n - at < 12 ? n - at : 12);
        switch (fr_rng_below(rng, 4)) {
        case 0: n -= span, memmove(text + at, text + at + span, n - at); break;
        case 1:
            if (n + span > room) break;
            memmove(text + at + span, text + at, n - at);
            n += span;
            break;
        default: text[at] = bytes[fr_rng_below(rng, sizeof bytes - 1)]; break;
        }
    }
    return n;
}

static void test_mutations(void) {
    struct fr_rng rng = {20261123};
    unsigned different = 0;
    for (unsigned i = 0; i < MUTATIONS && corpus_n && different < 5; i++) {
        char text[TEXT_MAX];
        uint32_t base = fr_rng_below(&rng, corpus_n), n = corpus[base].n;
        memcpy(text, corpus[base].bytes, n);
        n = mutate(&rng, text, n, sizeof text);
        different += !same((struct fr_str){text, n});
    }
    CHECK_INT(different, 0);
}

/* The mutations must reach both sides of every rule that the twins could disagree on. */
static void test_reach(void) {
    static const enum fr_reject reached[] = {
        FR_REJECT_NONE,           FR_REJECT_BAD_UTF8, FR_REJECT_TRUNCATED,     FR_REJECT_NOT_JSON,
        FR_REJECT_NOT_OBJECT,     FR_REJECT_TOO_DEEP, FR_REJECT_DUPLICATE_KEY, FR_REJECT_BAD_NUMBER,
        FR_REJECT_BAD_FIELD_TYPE, FR_REJECT_BAD_TIME};
    for (size_t i = 0; i < sizeof reached / sizeof *reached; i++) {
        if (!seen[reached[i]])
            fprintf(stderr, "no mutation was rejected as %s\n", fr_reject_code(reached[i]));
        CHECK(seen[reached[i]] > 0);
    }
}

int main(void) {
    fr_event_rules_init(&rules);
    decoder = fr_decoder_new(&rules);
    RUN(test_corpus);
    RUN(test_mutations);
    RUN(test_reach);
    fr_decoder_free(&decoder);
    fr_event_rules_fini(&rules);
    fr_arena_fini(&arena);
    return check_done();
}
