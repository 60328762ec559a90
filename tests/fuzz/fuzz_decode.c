/* Any bytes, through the native scanner and through Jansson: the same reason and the same event, or it stops.
 * What is accepted is then cleaned, twice: cleaning a clean event must change nothing. */
#include "../event_equal.h"
#include "freshet/base/err.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fr_event_rules rules;
static struct fr_decoder *decoder;
static struct fr_arena arena;

static void stop(const char *what, const char *scanner, const char *jansson) {
    fprintf(stderr, "%s: scanner %s, jansson %s\n", what, scanner, jansson);
    abort();
}

static void clean_twice(struct fr_event *event) {
    if (fr_clean(&rules, &arena, 1700000000000, INT64_MIN, event, NULL)) return;
    struct fr_event again = *event;
    if (fr_clean(&rules, &arena, 1700000000000, INT64_MIN, &again, NULL))
        stop("clean", "accepts", "then does not");
    const char *member = event_difference(event, &again);
    if (member) stop("cleaned twice", member, "differs");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!decoder) {
        fr_event_rules_init(&rules);
        rules.unknown_type = FR_UNKNOWN_TYPE_AS_OTHER;
        decoder = fr_decoder_new(&rules);
    }
    /* A copy of its own, so that the sanitizer sees a read past the end. */
    char *text = fr_alloc(size + !size);
    if (size) memcpy(text, data, size);
    struct fr_str value = {text, (uint32_t)size}, detail, detail_jansson;
    struct fr_event event, event_jansson;
    enum fr_reject reason = fr_decode_native(decoder, value, &arena, &event, &detail);
    enum fr_reject jansson =
        fr_decode_native_jansson(decoder, value, &arena, &event_jansson, &detail_jansson);
    if (reason != jansson) stop("reason", fr_reject_code(reason), fr_reject_code(jansson));
    if (!fr_str_eq(detail, detail_jansson)) stop("detail", "one field", "another field");
    const char *member = reason ? NULL : event_difference(&event, &event_jansson);
    if (member) stop("event", member, "differs");
    if (!reason) clean_twice(&event);
    fr_arena_clear(&arena);
    free(text);
    return 0;
}
