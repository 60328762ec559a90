#include "check.h"
#include "freshet/base/buf.h"
#include "freshet/app/eval_data.h"
#include <stdlib.h>
#include <unistd.h>

enum { FILES = 5 };
static char paths[FILES][64];
static struct fr_eval_data data;
static struct fr_errmsg msg;

static const char *file_of(int which, const char *text) {
    if (!text) return NULL;
    snprintf(paths[which], sizeof paths[which], "/tmp/freshet-eval-XXXXXX");
    int fd = mkstemp(paths[which]);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return paths[which];
}

static const char *items_text; /* NULL: no catalogue */
static const char *valid_text; /* NULL: none */

static enum fr_err read_data(const char *train, const char *test, const char *friends) {
    struct fr_eval_files files = {file_of(0, train),   file_of(1, test),       file_of(4, valid_text),
                                  file_of(2, friends), file_of(3, items_text), FR_PAIRS_DETECT};
    msg = (struct fr_errmsg){0};
    enum fr_err err = fr_eval_data_read(&files, &data, &msg);
    for (int i = 0; i < FILES; i++) unlink(paths[i]);
    return err;
}

static const char *row_of(const struct fr_rows *rows, const struct fr_dict *columns, uint32_t row) {
    static struct fr_buf out;
    fr_buf_clear(&out);
    for (size_t i = rows->start[row]; i < rows->start[row + 1]; i++)
        fr_buf_printf(&out, "%.*s ", FR_STR_ARG(fr_dict_str(columns, rows->columns[i])));
    fr_buf_byte(&out, 0);
    return out.data;
}

static const char train_text[] = "b 2 10 2\na 3 10\nc 3\n";

static void test_numbers_ascend_by_id(void) {
    CHECK_INT(read_data(train_text, "a 2 99\nz 10\nB 3\nc\n", NULL), FR_OK);
    CHECK_INT(data.train->by_user.row_n, 3);
    CHECK_INT(data.train->by_user.column_n, 3);
    static const char *const users[] = {"a", "b", "c", "B", "z"}, *const items[] = {"10", "2", "3", "99"};
    CHECK_INT(data.users.n, 5);
    for (uint32_t i = 0; i < 5; i++) CHECK(fr_str_eq(fr_dict_str(&data.users, i), fr_str_of(users[i])));
    CHECK_INT(data.items.n, 4);
    for (uint32_t i = 0; i < 4; i++) CHECK(fr_str_eq(fr_dict_str(&data.items, i), fr_str_of(items[i])));
    CHECK_STR(row_of(&data.train->by_user, &data.items, 1), "10 2 ");
    CHECK_INT(fr_interactions_count(data.train), 5);
    CHECK_NEAR(data.train->by_user.values[2], 1, 0); /* b's 2 stands there twice */
    CHECK_STR(row_of(&data.test, &data.items, 0), "2 99 ");
    CHECK_INT(data.tested_n, 3);
    CHECK_INT(data.known_n, 1);
    CHECK_INT(data.tested[2], 4);
    fr_eval_data_fini(&data);
}

static size_t train_bytes(struct fr_buf *out) {
    const struct fr_rows *r = &data.train->by_user;
    size_t n = r->start[r->row_n];
    fr_buf_clear(out);
    fr_buf_append(out, r->start, (r->row_n + 1) * sizeof *r->start);
    fr_buf_append(out, r->columns, n * sizeof *r->columns);
    fr_buf_append(out, r->values, n * sizeof *r->values);
    return out->len;
}

/* Neither the order of lines nor anything in the test file can be seen in what models learn from. */
static void test_training_is_the_same_whatever_is_tested(void) {
    struct fr_buf one = {0}, two = {0};
    CHECK_INT(read_data(train_text, "a 2 99\nz 10\n", NULL), FR_OK);
    train_bytes(&one);
    fr_eval_data_fini(&data);
    CHECK_INT(read_data("c 3\nb 10 2\na 10 3\n", "0 1 2 3\nA 7 8\nc 0\n", NULL), FR_OK);
    CHECK_INT(train_bytes(&two), one.len);
    CHECK(memcmp(one.data, two.data, one.len) == 0);
    fr_eval_data_fini(&data);
    fr_buf_fini(&one);
    fr_buf_fini(&two);
}

/* It is learnt from as little as the test file. */
static void test_what_to_choose_by(void) {
    struct fr_buf one = {0}, two = {0};
    CHECK_INT(read_data(train_text, "a 2 99\n", NULL), FR_OK);
    CHECK_INT(data.valid.row_n, 0);
    train_bytes(&one);
    fr_eval_data_fini(&data);
    valid_text = "0 1 2\na 10 98\nA 2\n";
    CHECK_INT(read_data(train_text, "a 2 99\n", NULL), FR_OK);
    CHECK_INT(train_bytes(&two), one.len);
    CHECK(memcmp(one.data, two.data, one.len) == 0);
    CHECK_INT(data.valid.row_n, data.users.n);
    CHECK_STR(row_of(&data.valid, &data.items, 0), "10 98 ");
    CHECK_INT(data.tested_n, 1);
    valid_text = NULL;
    fr_eval_data_fini(&data);
    fr_buf_fini(&one);
    fr_buf_fini(&two);
}

static void test_friends(void) {
    CHECK_INT(read_data(train_text, "z 10\n", "a\tc\nc\ta\na\tz\nq\ta\nb\tb\na\tb\n"), FR_OK);
    CHECK_INT(data.friends.row_n, 3);
    CHECK_INT(data.friends.column_n, 3);
    CHECK_STR(row_of(&data.friends, &data.users, 0), "b c ");
    CHECK_STR(row_of(&data.friends, &data.users, 2), "a ");
    CHECK_INT(data.friends_left_out, 3);
    fr_eval_data_fini(&data);
}

static void test_a_file_is_wrong(void) {
    CHECK_INT(read_data(train_text, "", NULL), FR_IO);
    CHECK(strstr(msg.text, ": no pair is in it"));
    struct fr_eval_files files = {.train = "/nowhere/train", .test = "/nowhere/test"};
    CHECK_INT(fr_eval_data_read(&files, &data, &msg), FR_IO);
}

/* Items of the catalogue are there to be learnt of, with or without somebody who took them. */
static void test_catalogue(void) {
    items_text = "{\"id\":\"7\",\"category\":\"a\"}\n{\"id\":\"10\",\"category\":\"a\"}\n"
                 "{\"id\":\"2\",\"category\":\"b\"}\n";
    CHECK_INT(read_data(train_text, "a 2 99\n", NULL), FR_OK);
    CHECK_INT(data.train->by_item.row_n, 4); /* 10 2 3 7 */
    CHECK_INT(data.items.n, 5);
    CHECK(fr_str_eq(fr_dict_str(&data.items, 3), FR_STR("7")));
    CHECK_INT(fr_rows_length(&data.train->by_item, 3), 0);
    CHECK_INT(data.features.row_n, 4);
    CHECK_INT(fr_rows_length(&data.features, 2), 0); /* 3 is in no catalogue */
    CHECK_INT(fr_rows_length(&data.features, 0), 1); /* category:a, which 7 has, too */
    fr_eval_data_fini(&data);
    items_text = "{\"id\":7,}\n";
    CHECK(read_data(train_text, "a 2 99\n", NULL) != FR_OK);
    CHECK(strstr(msg.text, ":1: "));
    items_text = NULL;
}

int main(void) {
    RUN(test_numbers_ascend_by_id);
    RUN(test_training_is_the_same_whatever_is_tested);
    RUN(test_what_to_choose_by);
    RUN(test_friends);
    RUN(test_catalogue);
    RUN(test_a_file_is_wrong);
    return check_done();
}
