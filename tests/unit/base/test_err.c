#include "check.h"
#include "freshet/base/err.h"

static void test_first_message_wins(void) {
    struct fr_errmsg msg = {0};
    CHECK_INT(fr_err_set(&msg, FR_STORE_DOWN, "first %d", 1), FR_STORE_DOWN);
    CHECK_INT(fr_err_set(&msg, FR_IO, "second"), FR_IO);
    CHECK_INT(msg.code, FR_STORE_DOWN);
    CHECK_STR(msg.text, "first 1");
    CHECK_INT(fr_err_set(NULL, FR_IO, "nobody listens"), FR_IO);
}

static void test_wrap_puts_the_context_in_front(void) {
    struct fr_errmsg msg = {0}, empty = {0};
    fr_err_set(&msg, FR_IO, "disk");
    CHECK_INT(fr_err_wrap(&msg, FR_CONFIG, "reading x"), FR_IO);
    CHECK_STR(msg.text, "reading x: disk");
    CHECK_INT(fr_err_wrap(&empty, FR_CONFIG, "reading x"), FR_CONFIG);
    CHECK_STR(empty.text, "reading x: the configuration is wrong");
    CHECK_INT(fr_err_wrap(NULL, FR_IO, "x"), FR_IO);
}

static void test_long_messages_are_cut(void) {
    char context[300];
    memset(context, 'c', sizeof context - 1);
    context[sizeof context - 1] = '\0';
    struct fr_errmsg msg = {0};
    fr_err_set(&msg, FR_IO, "%s", context);
    CHECK_INT(strlen(msg.text), sizeof msg.text - 1);
    fr_err_wrap(&msg, FR_IO, context);
    CHECK_INT(strlen(msg.text), sizeof msg.text - 1);
}

static void test_every_code_has_a_row(void) {
    CHECK_INT(fr_err_fate(FR_OK), FR_FATE_OK);
    CHECK_INT(fr_err_fate(FR_STORE_GUARD), FR_FATE_ABORT);
    CHECK_INT(fr_err_fate(FR_IO), FR_FATE_FATAL);
    CHECK_STR(fr_err_name(FR_STORE_DOWN), "STORE_DOWN");
    for (int code = 0; code < FR_ERR_N; code++) CHECK(*fr_err_text((enum fr_err)code) != '\0');
}

int main(void) {
    RUN(test_first_message_wins);
    RUN(test_wrap_puts_the_context_in_front);
    RUN(test_long_messages_are_cut);
    RUN(test_every_code_has_a_row);
    return check_done();
}
