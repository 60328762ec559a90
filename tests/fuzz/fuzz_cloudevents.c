/* Any bytes as a record with headers: lines "name: value" up to an empty line, then the record's value.
 * Whatever comes, fr_decode answers, says the same thing when asked again, and an accepted event has what an
 * envelope promises. */
#include "../event_equal.h"
#include "freshet/base/err.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADERS = 16 };

static struct fr_event_rules rules;
static struct fr_decoder *decoder;
static struct fr_arena arena;

/* Cuts the first line, without its end, off *rest. */
static struct fr_str line(struct fr_str *rest) {
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    uint32_t n = end ? (uint32_t)(end - rest->ptr) : rest->len, taken = n + (end != NULL);
    struct fr_str first = {rest->ptr, n};
    *rest = (struct fr_str){rest->ptr + taken, rest->len - taken};
    return first;
}

static struct fr_decode_header header(struct fr_str text) {
    const char *colon = memchr(text.ptr, ':', text.len);
    uint32_t n = colon ? (uint32_t)(colon - text.ptr) : text.len;
    uint32_t value = n + 2 < text.len ? n + 2 : text.len;
    return (struct fr_decode_header){{text.ptr, n}, {text.ptr + value, text.len - value}};
}

static void decode(struct fr_str text) {
    struct fr_decode_header headers[HEADERS];
    struct fr_decode_input in = {.headers = headers};
    while (text.len && in.header_n < HEADERS) {
        struct fr_str first = line(&text);
        if (first.len == 0) break;
        headers[in.header_n++] = header(first);
    }
    in.value = text;
    struct fr_event event, again;
    enum fr_reject reason = fr_decode(decoder, &in, &arena, &event, NULL);
    FR_ASSERT(fr_decode(decoder, &in, &arena, &again, NULL) == reason);
    if (reason) return;
    FR_ASSERT(event_difference(&event, &again) == NULL);
    fr_clean(&rules, &arena, 1700000000000, INT64_MIN, &event, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!decoder) {
        fr_event_rules_init(&rules);
        decoder = fr_decoder_new(&rules);
    }
    char *text = fr_alloc(size + !size);
    if (size) memcpy(text, data, size);
    decode((struct fr_str){text, (uint32_t)size});
    fr_arena_clear(&arena);
    free(text);
    return 0;
}
