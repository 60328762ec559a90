#include "check.h"
#include "freshet/base/buf.h"

static void test_append(void) {
    struct fr_buf b = {0};
    for (int i = 0; i < 1000; i++) {
        fr_buf_byte(&b, (unsigned char)i);
        fr_buf_append(&b, "xyz", (size_t)(i % 4));
    }
    CHECK_INT(b.len, 1000 + 250 * (0 + 1 + 2 + 3));
    CHECK_INT((unsigned char)b.data[0], 0);
    CHECK(memcmp(b.data + 1, "\1x\2xy\3xyz\4\5", 11) == 0);
    fr_buf_clear(&b);
    CHECK_INT(b.len, 0);
    fr_buf_append(&b, NULL, 0);
    fr_buf_str(&b, FR_STR("a\0b"));
    CHECK(fr_str_eq(fr_buf_slice(&b), FR_STR("a\0b")));
    fr_buf_fini(&b);
}

/* Around the 128 bytes that printf tries first. */
static void test_printf_of_every_length(void) {
    char text[300];
    struct fr_buf b = {0};
    size_t total = 0;
    for (size_t n = 0; n < sizeof text; n++) {
        memset(text, 'q', n);
        text[n] = '\0';
        fr_buf_printf(&b, "%s", text);
        total += n;
        CHECK_INT(b.len, total);
        if (n) CHECK_INT(b.data[b.len - 1], 'q');
    }
    fr_buf_fini(&b);
    CHECK_INT(b.cap, 0);
}

int main(void) {
    RUN(test_append);
    RUN(test_printf_of_every_length);
    return check_done();
}
