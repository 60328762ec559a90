#include "check.h"
#include "freshet/app/csv_table.h"
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/freshet-csv-XXXXXX"; /* of mkstemp */

static enum fr_err read_text(const char *text, const char *label, const char *categories,
                             struct fr_arena *arena, struct fr_table *out, struct fr_errmsg *msg) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    return fr_csv_table_read(path, label, categories, arena, out, msg);
}

static void check_row(const struct fr_table *t, uint32_t row, const float *want) {
    for (uint32_t c = 0; c < t->column_n; c++) {
        float got = t->values[row * t->column_n + c];
        CHECK(isnan(want[c]) ? isnan(got) : got == want[c]);
    }
}

static void test_numbers_levels_and_gaps(void) {
    struct fr_arena arena = {0};
    struct fr_errmsg msg = {0};
    struct fr_table t;
    enum fr_err err =
        read_text("age,\"town, home\",code,bought\n31,\"Ober \"\"A\"\"\",7,TRUE\r\n,Bach,9,no\n1e2,,7,1\n",
                  "bought", "code", &arena, &t, &msg);
    CHECK_INT(err, FR_OK);
    CHECK_STR(msg.text, "");
    const char *const names[] = {"age", "town, home=Bach", "town, home=Ober \"A\"", "code=7", "code=9"};
    CHECK_INT(t.column_n, 5);
    CHECK_INT(t.row_n, 3);
    for (int c = 0; c < 5; c++) CHECK(fr_str_eq(t.names[c], fr_str_of(names[c])));
    check_row(&t, 0, (float[]){31, 0, 1, 1, 0});
    check_row(&t, 1, (float[]){NAN, 1, 0, 0, 1});
    check_row(&t, 2, (float[]){100, 0, 0, 1, 0});
    CHECK(t.labels[0] && !t.labels[1] && t.labels[2]);
    fr_table_fini(&t);
    fr_arena_fini(&arena);
}

static void check_fault(const char *text, const char *label, const char *says) {
    struct fr_arena arena = {0};
    struct fr_errmsg msg = {0};
    struct fr_table t;
    static char want[160];
    snprintf(want, sizeof want, "%s%s", path, says);
    CHECK_INT(read_text(text, label, "", &arena, &t, &msg), FR_CONFIG);
    CHECK_STR(msg.text, want);
    fr_arena_fini(&arena);
}

static void test_faults_have_their_place(void) {
    check_fault("a,b\n1,2\n1,2,3\n", "b", ":3: not as many cells as there are names");
    check_fault("a,b\n1\n", "b", ":2: not as many cells as there are names");
    check_fault("a,b\n\"1,0\n", "b", ":2: not as many cells as there are names");
    check_fault("a,b\n1,0\n", "c", ": there is no column c");
    check_fault("a,b\n1,0\n1,maybe\n", "b", ": row 2: the label \"maybe\" is neither true nor false");
    check_fault("b\n1\n", "b", ": only a label");
    check_fault("a,b\n", "b", ": no rows");
}

int main(void) {
    close(mkstemp(path));
    RUN(test_numbers_levels_and_gaps);
    RUN(test_faults_have_their_place);
    unlink(path);
    return check_done();
}
