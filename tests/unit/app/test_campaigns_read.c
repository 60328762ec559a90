/* Files of campaigns: every line judged, rule included, faults with their place; good records handed on. */
#include "check.h"
#include "freshet/app/campaigns_read.h"
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/freshet-campaigns-XXXXXX";
static struct fr_buf told, taken;

static void write_file(const char *text) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static void tell(void *context, const char *text) {
    (void)context;
    fr_buf_printf(&told, "%s\n", text + strlen(path));
}

static enum fr_err take(void *context, const struct fr_campaign *campaign, struct fr_str json,
                        struct fr_errmsg *msg) {
    (void)json;
    fr_buf_str(&taken, campaign->id);
    if (!context || !fr_str_eq(campaign->id, fr_str_of(context))) return FR_OK;
    return fr_err_set(msg, FR_LIMIT, "enough");
}

static enum fr_err read_text(const char *text, char *stop_at, struct fr_campaigns_totals *totals) {
    struct fr_errmsg msg = {0};
    fr_buf_clear(&told);
    fr_buf_clear(&taken);
    write_file(text);
    enum fr_err err = fr_campaigns_read(path, &(struct fr_campaigns_sink){stop_at, take, tell}, totals, &msg);
    fr_buf_byte(&told, 0);
    fr_buf_byte(&taken, 0);
    return err;
}

static const char lines[] = "{\"id\":\"a\",\"pays\":{\"price\":1}}\n\n"
                            "{\"id\":\"b\",\"pays\":{\"price\":-1},\"pay\":1,\"rule\":\"purchse(1d)\"}\n"
                            "{\"id\":\"s\",\"kind\":\"segment\",\"rule\":\"events > 1\"}\n";

static void test_good_records_are_taken_and_faults_told(void) {
    struct fr_campaigns_totals t = {0};
    CHECK_INT(read_text(lines, NULL, &t), FR_OK);
    CHECK_STR(taken.data, "as");
    CHECK_INT(t.campaigns, 1);
    CHECK_INT(t.segments, 1);
    CHECK_INT(t.bad_lines, 1);
    CHECK_INT(t.faults, 3);
    CHECK(strncmp(told.data, ":3: ", 4) == 0);
    CHECK(strstr(told.data, "pays.price: an amount") && strstr(told.data, "did you mean purchases?"));
}

static void test_what_take_returns_ends_it(void) {
    struct fr_campaigns_totals t = {0};
    char stop[] = "a";
    CHECK_INT(read_text(lines, stop, &t), FR_LIMIT);
    CHECK_STR(taken.data, "a");
}

int main(void) {
    int fd = mkstemp(path);
    close(fd);
    RUN(test_good_records_are_taken_and_faults_told);
    RUN(test_what_take_returns_ends_it);
    unlink(path);
    fr_buf_fini(&told);
    fr_buf_fini(&taken);
    return check_done();
}
