/* Files of sessions: what is taken, and that what is wrong is named with its line. */
#include "check.h"
#include "freshet/app/session_file.h"
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/freshet-sessions-XXXXXX";

static enum fr_err read_text(const char *text, bool is_test, struct fr_session_file *out,
                             struct fr_errmsg *msg) {
    snprintf(path, sizeof path, "/tmp/freshet-sessions-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    *out = (struct fr_session_file){0};
    *msg = (struct fr_errmsg){0};
    fr_dict_init(&out->ids);
    enum fr_err err = fr_session_file_read(path, is_test, out, msg);
    unlink(path);
    return err;
}

static void test_train(void) {
    struct fr_session_file f;
    struct fr_errmsg msg;
    CHECK_INT(read_text("a b\nc\nb a b\n", false, &f, &msg), FR_OK);
    struct fr_visits v = fr_session_file_visits(&f);
    CHECK_INT(v.n, 3);
    CHECK_INT(fr_visits_length(&v, 0), 2);
    CHECK_INT(fr_visits_length(&v, 1), 1);
    CHECK_INT(fr_visits_length(&v, 2), 3);
    CHECK_INT(f.ids.n, 3);
    CHECK_INT(v.items[v.starts[2]], fr_dict_find(&f.ids, FR_STR("b")));
    CHECK(f.targets == NULL);
    fr_session_file_fini(&f);
}

static void test_test(void) {
    struct fr_session_file f;
    struct fr_errmsg msg;
    CHECK_INT(read_text("a b\tc\r\nx\ta", true, &f, &msg), FR_OK);
    CHECK_INT(f.n, 2);
    CHECK_INT(f.item_n, 3);
    CHECK_INT(f.targets[0], fr_dict_find(&f.ids, FR_STR("c")));
    CHECK_INT(f.targets[1], fr_dict_find(&f.ids, FR_STR("a")));
    fr_session_file_fini(&f);
}

static void check_refused(const char *text, bool is_test, const char *where) {
    struct fr_session_file f;
    struct fr_errmsg msg;
    CHECK_INT(read_text(text, is_test, &f, &msg), FR_CONFIG);
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%s%s", path, where);
    CHECK(strncmp(msg.text, wanted, strlen(wanted)) == 0);
    fr_session_file_fini(&f);
}

static void test_what_is_wrong_has_its_line(void) {
    check_refused("a b\n\nc\n", false, ":2: ");
    check_refused("a b\n   \n", false, ":2: ");
    check_refused("a\tb\n", false, ":1: ");
    check_refused("a b\tc\na b\n", true, ":2: ");
    check_refused("\tc\n", true, ":1: ");
    check_refused("a\t\n", true, ":1: ");
    check_refused("a\tb c\n", true, ":1: ");
    check_refused("a\tb\tc\n", true, ":1: ");
    check_refused("", false, ": ");
}

int main(void) {
    RUN(test_train);
    RUN(test_test);
    RUN(test_what_is_wrong_has_its_line);
    return check_done();
}
