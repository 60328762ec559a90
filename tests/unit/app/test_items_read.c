/* Catalogue files: every line judged, faults with their place, plain and gzip. */
#include "check.h"
#include "freshet/app/items_read.h"
#include "freshet/base/buf.h"
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static char path[] = "/tmp/freshet-items-XXXXXX";
static struct fr_buf told;

static void write_file(const char *text, const char *mode) {
    gzFile file = gzopen(path, mode);
    gzputs(file, text);
    gzclose(file);
}

static void tell(void *context, const char *text) {
    (void)context;
    fr_buf_printf(&told, "%s\n", text + strlen(path));
}

static const char good[] =
    "{\"id\":\"a\",\"title\":\"one\"}\n\n{\"id\":\"b\"}\r\n{\"id\":\"a\",\"title\":\"two\"}";

static void test_load(void) {
    for (int packed = 0; packed < 2; packed++) {
        struct fr_dict ids;
        struct fr_catalog c;
        struct fr_errmsg msg = {0};
        fr_dict_init(&ids);
        fr_catalog_init(&c, &ids);
        write_file(good, packed ? "w" : "wT");
        CHECK_INT(fr_items_load(path, &c, &msg), FR_OK);
        CHECK_INT(c.n, 2);
        CHECK(fr_str_eq(fr_catalog_get(&c, 0)->title, FR_STR("two")));
        fr_catalog_fini(&c);
        fr_dict_fini(&ids);
    }
}

static void test_all_faults_are_told_with_their_lines(void) {
    struct fr_items_totals totals = {0};
    struct fr_errmsg msg = {0};
    write_file("{\"id\":\"a\"}\nnonsense\n\n{\"id\":\"b\",\"price\":-1,\"tags\":5}\n{\"id\":\"c\"}\n{}",
               "wT");
    fr_buf_clear(&told);
    CHECK_INT(fr_items_read(path, &(struct fr_items_sink){NULL, NULL, tell}, &totals, &msg), FR_OK);
    fr_buf_byte(&told, '\0');
    CHECK_STR(told.data, ":2: the text is not JSON\n"
                         ":4: price: a number is out of its field's range\n"
                         ":4: tags: a field has the wrong JSON type\n"
                         ":6: id: id is missing\n");
    CHECK_INT(totals.items, 2);
    CHECK_INT(totals.bad_lines, 3);
    CHECK_INT(totals.faults, 4);
}

static void test_a_bad_line_stops_a_load_with_its_place(void) {
    struct fr_dict ids;
    struct fr_catalog c;
    struct fr_errmsg msg = {0};
    fr_dict_init(&ids);
    fr_catalog_init(&c, &ids);
    write_file("{\"id\":\"a\"}\n{\"id\":\"b\",\"price\":-1}\n{}", "wT");
    CHECK_INT(fr_items_load(path, &c, &msg), FR_CONFIG);
    CHECK(
        strstr(msg.text, ":2: price: a number is out of its field's range (freshet items check tells all 2"));
    fr_catalog_fini(&c);
    fr_dict_fini(&ids);
}

static void test_overlong_and_missing(void) {
    struct fr_items_totals totals = {0};
    struct fr_errmsg msg = {0};
    char *text = fr_alloc_zero(1, FR_ITEM_RECORD_BYTES + 64);
    memset(text, ' ', FR_ITEM_RECORD_BYTES + 1);
    memcpy(text + FR_ITEM_RECORD_BYTES + 1, "\n{\"id\":1}", 10);
    write_file(text, "wT");
    fr_buf_clear(&told);
    CHECK_INT(fr_items_read(path, &(struct fr_items_sink){NULL, NULL, tell}, &totals, &msg), FR_OK);
    fr_buf_byte(&told, '\0');
    CHECK_STR(told.data, ":1: the record has more than 65536 bytes\n");
    CHECK_INT(totals.items, 1);
    free(text);
    CHECK_INT(fr_items_read("/nowhere/items", &(struct fr_items_sink){0}, &totals, &msg), FR_IO);
}

int main(void) {
    int fd = mkstemp(path);
    close(fd);
    RUN(test_load);
    RUN(test_all_faults_are_told_with_their_lines);
    RUN(test_a_bad_line_stops_a_load_with_its_place);
    RUN(test_overlong_and_missing);
    unlink(path);
    fr_buf_fini(&told);
    return check_done();
}
