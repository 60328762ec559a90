/* The header of a safetensors file.
 *
 * Problem   it is JSON, and base/ has no JSON library; it comes from files that anybody may have written.
 * Choice    a parser of exactly this shape: an object of objects with dtype, shape and data_offsets, and one object of
 *           strings. Whatever else JSON allows (numbers with a point, nesting, null) is no header and is refused.
 * Rejected  Jansson (a library for one object, and it would let in what the shape forbids).
 * Invariant once j->fault is set nothing moves, and every read gives 0 or empty; so callers need no checks in between.
 *           Each step that can repeat consumes at least one byte: the parser ends. */
#include "tensors_internal.h"
#include "freshet/base/utf8.h"

const struct fr_tensor_type_info fr_tensor_types[FR_TENSOR_TYPES] = {
#define ROW(type, name, bytes) [FR_TENSOR_##type] = {{name, sizeof(name) - 1}, bytes},
    FR_TENSOR_TYPE_MAP(ROW)
#undef ROW
};

struct json {
    const char *at, *end;
    const char *fault; /* NULL: none yet */
    struct fr_arena *arena;
};

static void fail(struct json *j, const char *fault) {
    if (!j->fault) j->fault = fault;
    j->at = j->end;
}

static void skip_space(struct json *j) {
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r')) j->at++;
}

static bool take(struct json *j, char c) {
    skip_space(j);
    if (j->at == j->end || *j->at != c) return false;
    j->at++;
    return true;
}

static void want(struct json *j, char c) {
    if (!take(j, c)) fail(j, "the header is not JSON of the expected shape");
}

/* Whether an object or array has one more element; eats the comma, or the closing bracket. */
static bool another(struct json *j, char bracket, bool *is_first) {
    bool was_first = *is_first;
    *is_first = false;
    if (j->fault || take(j, bracket)) return false;
    if (!was_first) want(j, ',');
    return !j->fault;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits; above 0xffff when they are not there. */
static uint32_t read_hex4(struct json *j) {
    uint32_t v = 0;
    if (j->end - j->at < 4) return UINT32_MAX;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*j->at++);
        if (digit < 0) return UINT32_MAX;
        v = v << 4 | (uint32_t)digit;
    }
    return v;
}

/* The character of \uXXXX or of a pair of surrogates; above 0x10ffff when it is none. */
static uint32_t read_code_point(struct json *j) {
    uint32_t first = read_hex4(j);
    if (first < 0xd800 || first > 0xdfff) return first;
    if (first > 0xdbff || j->end - j->at < 6 || j->at[0] != '\\' || j->at[1] != 'u') return UINT32_MAX;
    j->at += 2;
    uint32_t second = read_hex4(j);
    if (second < 0xdc00 || second > 0xdfff) return UINT32_MAX;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

/* At most 4 bytes, which is fewer than the escape had. */
static char *put_utf8(char *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(lead[more] | c >> 6 * more);
    while (more--) *to++ = (char)(0x80 | (c >> 6 * more & 0x3f));
    return to;
}

static char *read_escape(struct json *j, char *to) {
    static const char plain[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    char c = *j->at++;
    if (c == 'u') {
        uint32_t code = read_code_point(j);
        if (code <= 0x10ffff) return put_utf8(to, code);
    } else if (c) {
        const char *found = strchr(plain, c);
        if (found) {
            *to++ = means[found - plain];
            return to;
        }
    }
    fail(j, "the header has a bad escape");
    return to;
}

/* Past the closing quote of a string whose opening one was taken, or end. */
static const char *string_end(const struct json *j) {
    const char *p = j->at;
    while (p < j->end && *p != '"') p += *p == '\\' && p + 1 < j->end ? 2 : 1;
    return p;
}

static struct fr_str read_string(struct json *j) {
    want(j, '"');
    const char *closing = string_end(j);
    if (closing == j->end) fail(j, "the header has a string without an end");
    if (j->fault) return (struct fr_str){0};
    char *text = fr_arena_alloc(j->arena, (size_t)(closing - j->at) + 1), *to = text;
    while (j->at < closing) {
        unsigned char c = (unsigned char)*j->at++;
        if (c < 0x20) fail(j, "the header has a control character");
        if (c == '\\')
            to = read_escape(j, to);
        else
            *to++ = (char)c;
    }
    if (!j->fault) j->at = closing + 1;
    struct fr_str s = {text, (uint32_t)(to - text)};
    if (!fr_utf8_valid(s)) fail(j, "the header is not UTF-8");
    return j->fault ? (struct fr_str){0} : s;
}

static uint64_t read_unsigned(struct json *j) {
    uint64_t v = 0;
    skip_space(j);
    const char *start = j->at;
    for (; j->at < j->end && *j->at >= '0' && *j->at <= '9'; j->at++) {
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*j->at - '0'), &v)) {
            fail(j, "the header has a number that is too large");
            return 0;
        }
    }
    if (j->at == start || (*start == '0' && j->at - start > 1))
        fail(j, "the header has no number where one must be");
    return j->fault ? 0 : v;
}

/* Up to max numbers; gives how many. */
static uint32_t read_numbers(struct json *j, uint32_t max, uint64_t *out) {
    uint32_t n = 0;
    want(j, '[');
    for (bool first = true; another(j, ']', &first);) {
        uint64_t v = read_unsigned(j);
        if (n == max) fail(j, "an array has too many dimensions or offsets");
        if (!j->fault) out[n++] = v;
    }
    return n;
}

static enum fr_tensor_type read_type(struct json *j) {
    struct fr_str name = read_string(j);
    for (unsigned i = 0; i < FR_TENSOR_TYPES; i++)
        if (fr_str_eq(name, fr_tensor_types[i].name)) return (enum fr_tensor_type)i;
    fail(j, "an array has a type that is not read here");
    return FR_TENSOR_U8;
}

static uint64_t count_elements(struct json *j, const struct fr_tensor *t) {
    uint64_t n = 1;
    for (uint32_t i = 0; i < t->dimension_n; i++)
        if (__builtin_mul_overflow(n, t->shape[i], &n)) fail(j, "an array has too large a shape");
    return n;
}

static void place(struct json *j, struct fr_tensor *t, const uint64_t offsets[2], struct fr_str data) {
    t->count = count_elements(j, t);
    uint64_t bytes;
    if (__builtin_mul_overflow(t->count, (uint64_t)fr_tensor_types[t->type].bytes, &bytes) ||
        offsets[0] > offsets[1] || offsets[1] - offsets[0] != bytes)
        fail(j, "an array is not as long as its shape says");
    if (offsets[1] > data.len) fail(j, "an array ends past the file");
    if (!j->fault) t->data = data.ptr + offsets[0];
}

enum { HAS_TYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4, HAS_ALL = 7 };

/* One member of an array's description; gives which. */
static unsigned read_member(struct json *j, struct fr_tensor *t, uint64_t offsets[2]) {
    struct fr_str key = read_string(j);
    want(j, ':');
    if (fr_str_eq(key, FR_STR("dtype"))) {
        t->type = read_type(j);
        return HAS_TYPE;
    }
    if (fr_str_eq(key, FR_STR("shape"))) {
        t->dimension_n = read_numbers(j, FR_TENSOR_DIMENSIONS, t->shape);
        return HAS_SHAPE;
    }
    if (fr_str_eq(key, FR_STR("data_offsets"))) {
        if (read_numbers(j, 2, offsets) != 2) fail(j, "data_offsets are not two numbers");
        return HAS_OFFSETS;
    }
    fail(j, "an array has a member that is not known");
    return 0;
}

static void read_tensor(struct json *j, struct fr_tensors_file *f, struct fr_str name, struct fr_str data) {
    struct fr_tensor t = {.name = name};
    uint64_t offsets[2] = {0};
    unsigned has = 0;
    want(j, '{');
    for (bool first = true; another(j, '}', &first);) {
        unsigned member = read_member(j, &t, offsets);
        if (has & member) fail(j, "an array has a member twice");
        has |= member;
    }
    if (has != HAS_ALL) fail(j, "an array lacks its dtype, shape or data_offsets");
    place(j, &t, offsets, data);
    if (j->fault) return;
    if (f->n == f->cap) f->tensors = fr_realloc(f->tensors, (f->cap = 2 * f->cap + 8) * sizeof *f->tensors);
    f->tensors[f->n++] = t;
}

static void read_metas(struct json *j, struct fr_tensors_file *f) {
    want(j, '{');
    for (bool first = true; another(j, '}', &first);) {
        struct fr_tensors_pair pair = {.key = read_string(j)};
        want(j, ':');
        pair.text = read_string(j);
        if (j->fault) return;
        if (f->meta_n == f->meta_cap)
            f->metas = fr_realloc(f->metas, (f->meta_cap = 2 * f->meta_cap + 8) * sizeof *f->metas);
        f->metas[f->meta_n++] = pair;
    }
}

const char *fr_tensors_header_parse(struct fr_tensors_file *f, struct fr_str header, struct fr_str data) {
    struct json j = {.at = header.ptr, .end = header.ptr + header.len, .arena = &f->arena};
    bool has_metas = false;
    want(&j, '{');
    for (bool first = true; another(&j, '}', &first);) {
        struct fr_str name = read_string(&j);
        want(&j, ':');
        if (!fr_str_eq(name, FR_STR("__metadata__"))) {
            read_tensor(&j, f, name, data);
            continue;
        }
        if (has_metas) fail(&j, "the header has __metadata__ twice");
        has_metas = true;
        read_metas(&j, f);
    }
    skip_space(&j); /* the padding */
    if (!j.fault && j.at != j.end) j.fault = "the header goes on after its end";
    return j.fault;
}
