/* docs/EVENTS.md says what the tables in event.h and reject.h say: each row stands there word for word. */
#include "check.h"
#include "freshet/event/event.h"
#include "freshet/event/reject.h"
#include <stdlib.h>

static char *page;

static void read_page(void) {
    size_t room = 1 << 20;
    page = calloc(room, 1);
    FILE *file = fopen("docs/EVENTS.md", "r");
    CHECK(page && file && fread(page, 1, room - 1, file) > 0);
    if (file) fclose(file);
}

static void check_row(const char *row) {
    if (!strstr(page, row)) fprintf(stderr, "docs/EVENTS.md lacks: %s", row);
    CHECK(strstr(page, row) != NULL);
}

static void test_reject_reasons(void) {
    char row[256];
    for (unsigned i = FR_REJECT_NONE + 1; i < FR_REJECT_N; i++) {
        enum fr_reject reason = (enum fr_reject)i;
        snprintf(row, sizeof row, "\n| `%s` | %s |\n", fr_reject_code(reason), fr_reject_text(reason));
        check_row(row);
    }
}

/* The columns as the page writes them. */
#define UNDONE_NONE ""
#define UNDONE_LIKE "`like`"
#define UNDONE_FOLLOW "`follow`"
#define UNDONE_ADD_TO_WISHLIST "`add_to_wishlist`"
#define UNDONE_ADD_TO_CART "`add_to_cart`"
#define UNDONE_PURCHASE "`purchase`"
#define NEEDED_NOTHING ""
#define NEEDED_ITEM "item"
#define NEEDED_USER "`target_user_id`"

static void test_types(void) {
    static const struct {
        const char *text;
        int weight;
        const char *undoes, *needs;
    } types[] = {
#define TYPE_ROW(name, text, weight, undoes, needs) {text, weight, UNDONE_##undoes, NEEDED_##needs},
        FR_EVENT_TYPE_MAP(TYPE_ROW)
#undef TYPE_ROW
    };
    char row[256];
    for (unsigned i = 0; i < FR_EVENT_TYPE_N; i++) {
        int n = snprintf(row, sizeof row, "\n| `%s` | %d |", types[i].text, types[i].weight);
        const char *space = *types[i].undoes ? " " : "";
        n += snprintf(row + n, sizeof row - (size_t)n, "%s%s |", space, types[i].undoes);
        snprintf(row + n, sizeof row - (size_t)n, " %s", types[i].needs);
        check_row(row);
    }
}

int main(void) {
    RUN(read_page);
    RUN(test_reject_reasons);
    RUN(test_types);
    free(page);
    return check_done();
}
