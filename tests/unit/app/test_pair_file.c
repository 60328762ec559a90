#include "check.h"
#include "freshet/base/buf.h"
#include "freshet/app/pair_file.h"
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static char path[64];
static struct fr_errmsg msg;
static struct fr_dict users, items;
static struct fr_pairs pairs;

static void write_file(struct fr_str text, const char *mode, off_t cut) {
    snprintf(path, sizeof path, "/tmp/freshet-pairs-XXXXXX");
    int fd = mkstemp(path);
    gzFile file = gzdopen(dup(fd), mode);
    gzwrite(file, text.ptr, text.len);
    gzclose(file);
    if (cut) CHECK_INT(ftruncate(fd, lseek(fd, 0, SEEK_END) - cut), 0);
    close(fd);
}

static void forget(void) {
    free(pairs.entries);
    fr_dict_fini(&users);
    fr_dict_fini(&items);
}

static enum fr_err read_file(enum fr_pair_format format) {
    fr_dict_init(&users);
    fr_dict_init(&items);
    msg = (struct fr_errmsg){0};
    enum fr_err err = fr_pairs_read(path, format, &users, &items, &pairs, &msg);
    unlink(path);
    return err;
}

static enum fr_err read_text(const char *text, enum fr_pair_format format) {
    write_file(fr_str_of(text), "wT", 0);
    return read_file(format);
}

/* "user item value;" of every pair. */
static const char *shown(void) {
    static struct fr_buf out;
    fr_buf_clear(&out);
    for (size_t i = 0; i < pairs.n; i++)
        fr_buf_printf(&out, "%.*s %.*s %g;", FR_STR_ARG(fr_dict_str(&users, pairs.entries[i].user)),
                      FR_STR_ARG(fr_dict_str(&items, pairs.entries[i].item)), (double)pairs.entries[i].value);
    fr_buf_byte(&out, 0);
    return out.data;
}

static void check_reads(const char *text, enum fr_pair_format format, const char *want) {
    CHECK_INT(read_text(text, format), FR_OK);
    CHECK_STR(msg.text, "");
    CHECK_STR(shown(), want);
    forget();
}

static void check_fails(const char *text, enum fr_pair_format format, const char *want) {
    char whole[160];
    CHECK_INT(read_text(text, format), FR_IO);
    snprintf(whole, sizeof whole, "%s%s", path, want);
    CHECK_STR(msg.text, whole);
    CHECK(!pairs.entries && pairs.n == 0);
    forget();
}

static void test_lists(void) {
    check_reads("0 10 11\n1\n\n2 10\r\n0 12 12", FR_PAIRS_DETECT, "0 10 1;0 11 1;2 10 1;0 12 1;0 12 1;");
    check_reads("u\ti\tj\nv\tk\tl\tm\n", FR_PAIRS_DETECT, "u i 1;u j 1;v k 1;v l 1;v m 1;");
    check_reads("u\ti\t7\n", FR_PAIRS_LISTS, "u i 1;u 7 1;");
    check_reads("  u  i \t j  \n", FR_PAIRS_DETECT, "u i 1;u j 1;");
}

static void test_triples(void) {
    check_reads("1\t5\t2.5\n2\t6\n", FR_PAIRS_DETECT, "1 5 2.5;2 6 1;");
    check_reads("1 5 2.5\n1 6 1e2\n", FR_PAIRS_TRIPLES, "1 5 2.5;1 6 100;");
    check_reads("1 5 2.5\n", FR_PAIRS_DETECT, "1 5 1;1 2.5 1;"); /* no tabs */
    check_reads("a\tb\r\n\r\nc\td\r\n", FR_PAIRS_DETECT, "a b 1;c d 1;");
}

static void test_same_dictionary(void) {
    write_file(FR_STR("1\t2\n2\t3\n"), "wT", 0);
    fr_dict_init(&users);
    fr_dict_init(&items);
    CHECK_INT(fr_pairs_read(path, FR_PAIRS_DETECT, &users, &users, &pairs, NULL), FR_OK);
    CHECK_INT(pairs.entries[0].item, pairs.entries[1].user);
    CHECK_INT(users.n, 3);
    unlink(path);
    forget();
}

static void test_packed(void) {
    write_file(FR_STR("0 1 2\n"), "w", 0);
    CHECK_INT(read_file(FR_PAIRS_DETECT), FR_OK);
    CHECK_STR(shown(), "0 1 1;0 2 1;");
    forget();
    write_file(FR_STR("0 1 2\n"), "w", 6);
    CHECK_INT(read_file(FR_PAIRS_DETECT), FR_IO);
    CHECK(strstr(msg.text, path) && strlen(msg.text) > strlen(path) + 2);
    forget();
}

static void test_wrong_lines(void) {
    check_fails("1\t5\tx\n", FR_PAIRS_DETECT,
                ":1: the value is not a number (if these are lists of items: --format lists)");
    check_fails("1\t5\n\n1\t5\t0\n", FR_PAIRS_DETECT, ":3: the value is not above 0");
    check_fails("1\t5\t-1\n", FR_PAIRS_DETECT, ":1: the value is not above 0");
    check_fails("1\t5\tinf\n", FR_PAIRS_DETECT,
                ":1: the value is not a number (if these are lists of items: --format lists)");
    check_fails("1 5\n1 5 2 9\n", FR_PAIRS_TRIPLES, ":2: user, item and at most a value are wanted");
    check_fails("1 5\n1\n", FR_PAIRS_TRIPLES, ":2: user, item and at most a value are wanted");
    check_fails("", FR_PAIRS_DETECT, ": no pair is in it");
    check_fails("1\n2\n", FR_PAIRS_DETECT, ": no pair is in it");
}

static void test_what_is_no_text(void) {
    write_file((struct fr_str){"0 1\n0 a\0b\n", 10}, "wT", 0);
    CHECK_INT(read_file(FR_PAIRS_DETECT), FR_IO);
    CHECK(strstr(msg.text, ":2: a NUL byte: this is not text"));
    forget();
    char long_id[FR_PAIR_ID_BYTES + 16];
    memset(long_id, 'x', sizeof long_id);
    memcpy(long_id, "0 ", 2);
    write_file((struct fr_str){long_id, sizeof long_id}, "wT", 0);
    CHECK_INT(read_file(FR_PAIRS_DETECT), FR_IO);
    CHECK(strstr(msg.text, ":1: an id of more than 1024 bytes"));
    forget();
}

static void test_files_that_cannot_be_read(void) {
    snprintf(path, sizeof path, "/nowhere/pairs");
    CHECK_INT(read_file(FR_PAIRS_DETECT), FR_IO);
    CHECK_STR(msg.text, "/nowhere/pairs: No such file or directory");
    forget();
    snprintf(path, sizeof path, "/tmp");
    CHECK_INT(read_file(FR_PAIRS_DETECT), FR_IO);
    forget();
}

int main(void) {
    RUN(test_lists);
    RUN(test_triples);
    RUN(test_same_dictionary);
    RUN(test_packed);
    RUN(test_wrong_lines);
    RUN(test_what_is_no_text);
    RUN(test_files_that_cannot_be_read);
    return check_done();
}
