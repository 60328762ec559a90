/* The native scanner and its Jansson twin on a corpus and on 40,000 seeded mutations of it: the same reason, the same
 * field at fault, the same event. (tests/fuzz/fuzz_decode.c does the same without an end.) */
#include "check.h"
#include "event_equal.h"
#include "freshet/base/rng.h"
#include "freshet/event/decode.h"

static const char *const corpus[] = {
    "{\"event_id\":\"01927c5e\",\"event_type\":\"purchase\",\"timestamp\":\"2026-11-23T15:04:05.123Z\","
    "\"user_id\":\"u-"
    "42\",\"item_id\":\"sku-7\",\"event_value\":1.0,\"price\":129.90,\"quantity\":1,\"currency\":\"CNY\"}",
    "{\"type\":\"purchase\",\"user\":42,\"time\":1732374245123,\"items\":[{\"item_id\":\"a\",\"quantity\":2,"
    "\"price\":"
    "1.5,\"position\":0},{\"item_id\":7,\"x\":[1,{\"y\":null}]}],\"schema_version\":1}",
    "{\"event_type\":\"impression\",\"user_id\":\"\\u4f60\\ud83d\\ude00\\n\",\"impression\":[\"a\",5,"
    "\"\\\"q\\\\\"],"
    "\"timestamp\":1732374245.5,\"campaign_id\":\"c\"}",
    "{\"anonymous_id\":\"a\",\"consent\":{\"analytics\":true,\"personalization\":false,\"x\":[]},"
    "\"attributes\":{"
    "\"age\":31,\"city\":\"\xe5\x8c\x97\xe4\xba\xac\",\"vip\":true,\"gone\":null,\"f\":-1.5e-3}}",
    " { \"event_type\" : \"share\", \"text\":\"hi\", \"unknown\":{\"a\":[[[1e3]]],\"b\":-0}, "
    "\"specversion\":1 } ",
    "{\"price\":-0,\"event_value\":-0.0,\"quantity\":-0.0,\"user_id\":-0}",
    "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
};
enum { CORPUS_N = sizeof corpus / sizeof *corpus, MUTATIONS = 40000 };

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

static void test_corpus(void) {
    for (unsigned i = 0; i < CORPUS_N; i++) CHECK(same(fr_str_of(corpus[i])));
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
    for (unsigned i = 0; i < MUTATIONS && different < 5; i++) {
        char text[512];
        const char *base = corpus[fr_rng_below(&rng, CORPUS_N)];
        uint32_t n = (uint32_t)strlen(base);
        memcpy(text, base, n);
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
