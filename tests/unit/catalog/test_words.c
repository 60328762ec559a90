/* Texts as words. */
#include "check.h"
#include "freshet/catalog/words.h"

static char got[1024];

static void note(void *context, struct fr_str word) {
    (void)context;
    snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", *got ? "|" : "", FR_STR_ARG(word));
}

static const char *words(const char *text) {
    *got = '\0';
    fr_words_each(fr_str_of(text), note, NULL);
    return got;
}

static void test_words(void) {
    CHECK_STR(words("A Field-guide to Rivers, 2nd ed."), "field|guide|to|rivers|2nd|ed");
    CHECK_STR(words(""), "");
    CHECK_STR(words("x y  z"), "");
    CHECK_STR(words("ÄPFEL Straße ÿŸ ŽLUŤOUČKÝ"), "äpfel|straße|ÿÿ|žluťoučký");
    CHECK_STR(words("ΑΘΗΝΑ Москва ЁЖ"), "αθηνα|москва|ёж");
    CHECK_STR(words("rock\xe2\x80\x93pop \xc2\xabjazz\xc2\xbb \xf0\x9f\x98\x80wow"),
              "rock|pop|jazz|wow"); /* en dash, guillemets, emoji */
}

static void test_ideographs_are_pairs(void) {
    CHECK_STR(words("中文字典"), "中文|文字|字典");
    CHECK_STR(words("猫"), "猫");
    CHECK_STR(words("新款 红"), "新款|红");
    CHECK_STR(words("iPhone15手机壳"), "iphone15|手机|机壳");
    CHECK_STR(words("カメラ・レンズ"), "カメ|メラ|レン|ンズ");
}

static void test_any_bytes(void) {
    CHECK_STR(words("ab\xff"
                    "cd\xc3"),
              "ab|cd");
    char text[FR_WORD_BYTES * 2 + 1];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    words(text);
    CHECK_INT(strlen(got), sizeof text - 1 + 2); /* three words: bars between */
}

static void test_lower(void) {
    char out[64];
    uint32_t n = fr_words_lower(FR_STR("  Rock & ROLL "), out, sizeof out);
    CHECK(n == 11 && memcmp(out, "rock & roll", 11) == 0);
    n = fr_words_lower(FR_STR("ÄÄÄÄ"), out, 7);
    CHECK(n == 4 && memcmp(out, "ää", 4) == 0);
    CHECK_INT(fr_words_lower(FR_STR("   "), out, sizeof out), 0);
}

int main(void) {
    RUN(test_words);
    RUN(test_ideographs_are_pairs);
    RUN(test_any_bytes);
    RUN(test_lower);
    return check_done();
}
