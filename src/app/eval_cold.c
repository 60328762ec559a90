/* freshet eval cold: what models have for users and items that they have not seen.
 *
 * New users are answered by fold-in of the history they show. In the groups of new items, lists hold new items only: what is
 * asked is which of them somebody will take to, of whom no model has counted anything. */
#include "eval_run.h"
#include "freshet/app/cold_split.h"
#include "freshet/app/eval.h"
#include "freshet/app/eval_data.h"
#include <stdlib.h>

static const char help_text[] =
    "A third of the users and half of the items are withheld from training (--seed). Figures by group:\n"
    "  new users   show half of their known items, the others are asked for; lists of known items\n"
    "  new items   known users are asked for new items; lists of new items only\n"
    "  both new    new users are asked for new items\n"
    "\n"
    "Parameters are chosen as in `freshet eval split`. What is popular among new items nobody knows: there "
    "the row\n"
    "of \"popular\" is the order of the ids. Only models that need --items can tell new items apart.\n"
    "\n"
    "Examples:\n"
    "  freshet eval cold --data gowalla.train.txt.gz --models all\n"
    "  freshet eval cold --data bought.txt.gz --items items.jsonl.gz --models popular,content --k 10,20\n";

enum { FILE_OPTIONS = 3, GROUPS = 3 };

/* Users in the order of the groups. */
struct audience {
    uint32_t *users, n;
};

static void add_users(struct audience *a, const struct fr_cold_split *s, bool new_users,
                      const struct fr_rows *truth, struct eval_group *group) {
    group->first = a->n;
    for (uint32_t u = 0; u < truth->row_n; u++)
        if (s->is_new_user[u] == new_users && fr_rows_length(truth, u) && fr_rows_length(&s->histories, u))
            a->users[a->n++] = u;
    group->n = a->n - group->first;
    group->truth = truth;
}

static struct eval_audience audience_of(const struct eval_group *group, const struct fr_cold_split *s,
                                        bool is_known, const bool *hidden) {
    const struct fr_rows *histories = is_known ? &s->train->by_user : &s->histories;
    return (struct eval_audience){group->first, group->n, histories, is_known, hidden, NULL};
}

static bool *opposite_of(const bool *flags, uint32_t n) {
    bool *opposite = fr_alloc((size_t)n + 1);
    for (uint32_t i = 0; i < n; i++) opposite[i] = !flags[i];
    return opposite;
}

static int run_cold(struct eval_run *run, const struct fr_eval_data *d) {
    struct fr_cold_split s = fr_cold_split_new(d->train, run->settings.seed);
    struct audience a = {fr_alloc(GROUPS * ((size_t)d->users.n + 1) * sizeof *a.users), 0};
    bool *is_known_item = opposite_of(s.is_new_item, d->train->by_item.row_n);
    struct eval_setup setup = {.train = s.train,
                               .features = d->content ? &d->features : NULL,
                               .groups = {{.name = "new users"}, {.name = "new items"}, {.name = "both new"}},
                               .audience_n = GROUPS,
                               .group_n = GROUPS};
    add_users(&a, &s, true, &s.known_items, &setup.groups[0]);
    add_users(&a, &s, false, &s.new_items, &setup.groups[1]);
    add_users(&a, &s, true, &s.new_items, &setup.groups[2]);
    setup.audiences[0] = audience_of(&setup.groups[0], &s, false, s.is_new_item);
    setup.audiences[1] = audience_of(&setup.groups[1], &s, true, is_known_item);
    setup.audiences[2] = audience_of(&setup.groups[2], &s, false, is_known_item);
    setup.users = a.users;
    setup.user_n = a.n;
    int code = eval_run_all(run, &setup);
    free(a.users);
    free(is_known_item);
    fr_cold_split_fini(&s);
    return code;
}

static int read_and_run(struct eval_run *run, const struct fr_eval_files *files) {
    struct fr_errmsg msg = {0};
    struct fr_eval_data data;
    enum fr_err err = fr_eval_data_read(files, &data, &msg);
    if (err != FR_OK) return eval_failed(err, &msg);
    int code = run_cold(run, &data);
    fr_eval_data_fini(&data);
    return code;
}

int fr_eval_cold(struct fr_app *app, int argc, char **argv) {
    struct fr_eval_files files = {0};
    const char *format = NULL;
    struct eval_run *run = eval_run_new();
    struct fr_option options[FILE_OPTIONS + EVAL_OPTIONS] = {
        {"data", 0, "FILE", FR_OPTION_TEXT, &files.train, "who took what: a part is withheld"},
        {"items", 0, "FILE", FR_OPTION_TEXT, &files.items, "the catalogue, JSON lines (docs/ITEMS.md)"},
        {"format", 0, "FORMAT", FR_OPTION_TEXT, &format, "of the data: lists or triples"},
    };
    eval_run_options(run, options + FILE_OPTIONS);
    int code = fr_options_read(app, options, FILE_OPTIONS + EVAL_OPTIONS, help_text, &argc, argv);
    if (code < 0 && argc > 1) code = fr_usage("eval", "cold takes no %s", argv[1]);
    if (code < 0 && !files.train) code = fr_usage("eval", "cold needs --data");
    if (code < 0) code = eval_read_format(format, &files.format);
    if (code < 0) code = eval_run_begin(run, app);
    if (code < 0) code = read_and_run(run, &files);
    eval_run_free(run);
    return code;
}
