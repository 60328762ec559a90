/* What a character is, is asked of a few ranges of Unicode and not of tables: names and titles of goods need no more, and a
 * character in the wrong class only makes two words of one. */
#include "freshet/catalog/words.h"
#include "freshet/base/utf8.h"

enum kind { SEPARATOR, LETTER, IDEOGRAPH };

static uint32_t decode(const char *at, uint32_t n) {
    const unsigned char *p = (const unsigned char *)at;
    if (n == 1) return p[0];
    uint32_t c = p[0] & (0xffu >> (n + 1));
    for (uint32_t i = 1; i < n; i++) c = c << 6 | (p[i] & 0x3fu);
    return c;
}

static uint32_t encode(uint32_t c, char *out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    uint32_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (uint32_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf0u << (4 - n)) | c);
    return n;
}

static bool within(uint32_t c, uint32_t first, uint32_t last) { return c >= first && c <= last; }

static uint32_t lower(uint32_t c) {
    if (within(c, 'A', 'Z')) return c + 0x20;
    if (c < 0x80) return c;
    if (within(c, 0xc0, 0xde) && c != 0xd7) return c + 0x20;
    if (within(c, 0x100, 0x137) || within(c, 0x14a, 0x177)) return c == 0x130 ? 'i' : c | 1;
    if (within(c, 0x139, 0x148) || within(c, 0x179, 0x17e)) return c + (c & 1);
    if (c == 0x178) return 0xff;
    if (within(c, 0x391, 0x3a9) || within(c, 0x410, 0x42f) || within(c, 0xff21, 0xff3a)) return c + 0x20;
    if (within(c, 0x400, 0x40f)) return c + 0x50;
    return c;
}

static bool is_ideograph(uint32_t c) {
    return within(c, 0x3041, 0x30ff) || within(c, 0x3400, 0x4dbf) || within(c, 0x4e00, 0x9fff) ||
           within(c, 0xf900, 0xfaff) || within(c, 0x20000, 0x3ffff);
}

static enum kind kind_of(uint32_t c) {
    if (c < 0x80)
        return within(c, 'a', 'z') || within(c, 'A', 'Z') || within(c, '0', '9') ? LETTER : SEPARATOR;
    if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba ? LETTER : SEPARATOR;
    if (c == 0xd7 || c == 0xf7) return SEPARATOR;
    if (within(c, 0x2000, 0x206f) || within(c, 0x2190, 0x2bff) || within(c, 0x3000, 0x3040)) return SEPARATOR;
    if (within(c, 0xff00, 0xff0f) || within(c, 0xff1a, 0xff20) || within(c, 0xff3b, 0xff40)) return SEPARATOR;
    if (within(c, 0xff5b, 0xff65) || within(c, 0xe000, 0xf8ff) || within(c, 0x1f000, 0x1faff))
        return SEPARATOR;
    return is_ideograph(c) && c != 0x30fb ? IDEOGRAPH : c == 0x30fb ? SEPARATOR : LETTER;
}

struct splitting {
    void (*take)(void *context, struct fr_str word);
    void *context;
    char word[FR_WORD_BYTES];
    uint32_t len, letters;
    char pair[8]; /* the last ideograph, and room for the next */
    uint32_t pair_len;
    bool is_paired; /* the last ideograph has been part of a pair */
};

static void end_word(struct splitting *s) {
    if (s->letters >= 2) s->take(s->context, (struct fr_str){s->word, s->len});
    s->len = s->letters = 0;
}

static void end_run(struct splitting *s) {
    if (s->pair_len && !s->is_paired) s->take(s->context, (struct fr_str){s->pair, s->pair_len});
    s->pair_len = 0;
    s->is_paired = false;
}

static void add_letter(struct splitting *s, uint32_t c) {
    end_run(s);
    if (s->len + 4 > FR_WORD_BYTES) end_word(s);
    s->len += encode(lower(c), s->word + s->len);
    s->letters++;
}

static void add_ideograph(struct splitting *s, const char *at, uint32_t n) {
    end_word(s);
    uint32_t before = s->pair_len;
    memcpy(s->pair + before, at, n);
    if (before) {
        s->take(s->context, (struct fr_str){s->pair, before + n});
        s->is_paired = true;
        memmove(s->pair, s->pair + before, n);
    }
    s->pair_len = n;
}

void fr_words_each(struct fr_str text, void (*take)(void *context, struct fr_str word), void *context) {
    struct splitting s = {.take = take, .context = context};
    for (uint32_t at = 0, n; at < text.len; at += n ? n : 1) {
        n = fr_utf8_length(text, at);
        uint32_t c = n ? decode(text.ptr + at, n) : 0;
        enum kind kind = kind_of(c);
        if (kind == LETTER) {
            add_letter(&s, c);
        } else if (kind == IDEOGRAPH) {
            add_ideograph(&s, text.ptr + at, n);
        } else {
            end_word(&s);
            end_run(&s);
        }
    }
    end_word(&s);
    end_run(&s);
}

uint32_t fr_words_lower(struct fr_str text, char *out, uint32_t room) {
    uint32_t len = 0;
    while (text.len && text.ptr[0] == ' ') text.ptr++, text.len--;
    while (text.len && text.ptr[text.len - 1] == ' ') text.len--;
    for (uint32_t at = 0, n; at < text.len && len + 4 <= room; at += n ? n : 1) {
        n = fr_utf8_length(text, at);
        if (n) len += encode(lower(decode(text.ptr + at, n)), out + len);
    }
    return len;
}
