/* docs/TOPICS.md and docs/asyncapi.yaml know every topic of topics.h, and how it is kept. */
#include "check.h"
#include "freshet/port/topics.h"
#include <stdlib.h>

static char *read_file(const char *path) {
    size_t room = 1 << 20;
    char *text = calloc(room, 1);
    FILE *file = fopen(path, "r");
    CHECK(text && file && fread(text, 1, room - 1, file) > 0);
    if (file) fclose(file);
    return text;
}

/* The row of the topic has its cleanup policy in the fourth column. */
static void test_page(void) {
    char *page = read_file("docs/TOPICS.md"), wanted[128];
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        const struct fr_topic_info *info = fr_topic_info((enum fr_topic)t);
        snprintf(wanted, sizeof wanted, "\n| `<prefix>.%s` |", info->suffix);
        char *row = strstr(page, wanted), *end = row ? strchr(row + 1, '\n') : NULL;
        CHECK(row && end);
        if (!end) continue;
        *end = '\0';
        snprintf(wanted, sizeof wanted, "| %s | %s |", info->compacted ? "compact" : "delete",
                 info->many ? "N" : "1");
        CHECK(strstr(row, wanted));
        *end = '\n';
        snprintf(wanted, sizeof wanted, "\n## %s\n", info->suffix);
        CHECK(strstr(page, wanted));
    }
    free(page);
}

static void test_asyncapi(void) {
    char *document = read_file("docs/asyncapi.yaml"), wanted[128];
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        snprintf(wanted, sizeof wanted, "address: '{prefix}.%s'", fr_topic_info((enum fr_topic)t)->suffix);
        CHECK(strstr(document, wanted));
    }
    free(document);
}

int main(void) {
    RUN(test_page);
    RUN(test_asyncapi);
    return check_done();
}
