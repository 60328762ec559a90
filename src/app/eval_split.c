/* freshet eval split: models on a train and a test file.
 *
 * Order     all files are read; each model's parameters are chosen on a part of the training data (or read from a file), it is
 *           fitted on all of it, and lists for the tested users; then the blend is learnt on the part put aside, and made of
 *           the kept lists. The test rows are looked at once, at the end of each row, to count hits. */
#include "eval_run.h"
#include "freshet/app/eval.h"
#include "freshet/app/eval_data.h"
#include <stdio.h>
#include <stdlib.h>

static const char help_text[] =
    "Each model's parameters are chosen on items of the training file that are put aside, within --budget, "
    "then\n"
    "it is fitted on the whole training file; the test file serves for nothing but counting hits. \"blend\" "
    "mixes\n"
    "the lists of the models, with weights learnt on what was put aside. With --valid that is a file's, as "
    "where\n"
    "data come in three parts: no model is fitted on it, and no list holds an item that it has of the same "
    "user.\n"
    "\n"
    "Files, plain or gzip, are lists (`user item item ...` a line) or triples (`user item [value]`): triples "
    "when\n"
    "every line has two or three columns with tabs between them and no spaces, else lists.\n"
    "\n"
    "Examples:\n"
    "  freshet eval split --train gowalla.train.txt.gz --test gowalla.test.txt.gz --models all --k 20\n"
    "  freshet eval split --train t.tsv --test s.tsv --friends f.tsv --k 10,20 --json --save-params p.json\n"
    "  freshet eval split --train t.tsv --valid v.tsv --test s.tsv --k 10\n"
    "  freshet eval split --train t.tsv --test s.tsv --params p.json      no search: as p.json says\n";

enum { FILE_OPTIONS = 6 };

/* Rows of all users: those of the training file, then empty ones. */
static struct fr_rows histories_of(const struct fr_eval_data *d) {
    struct fr_rows rows = d->train->by_user;
    uint32_t known = rows.row_n;
    rows.row_n = d->users.n;
    rows.start = fr_alloc(((size_t)rows.row_n + 1) * sizeof *rows.start);
    for (uint32_t u = 0; u <= rows.row_n; u++) rows.start[u] = d->train->by_user.start[u < known ? u : known];
    return rows;
}

static int run_split(struct eval_run *run, const struct fr_eval_data *d) {
    struct fr_rows histories = histories_of(d);
    const struct fr_rows *valid = d->valid.row_n ? &d->valid : NULL;
    struct eval_setup setup = {
        .train = d->train,
        .valid = valid,
        .friends = d->friends.row_n ? &d->friends : NULL,
        .features = d->content ? &d->features : NULL,
        .users = d->tested,
        .user_n = d->tested_n,
        .audiences = {{0, d->known_n, &d->train->by_user, true, NULL, valid},
                      {d->known_n, d->tested_n - d->known_n, &histories, false, NULL, valid}},
        .groups = {{NULL, 0, d->tested_n, &d->test}},
        .audience_n = 2,
        .group_n = 1};
    int code = eval_run_all(run, &setup);
    free(histories.start);
    return code;
}

static int read_and_run(struct eval_run *run, const struct fr_eval_files *files) {
    struct fr_errmsg msg = {0};
    struct fr_eval_data data;
    enum fr_err err = fr_eval_data_read(files, &data, &msg);
    if (err != FR_OK) return eval_failed(err, &msg);
    if (data.friends_left_out)
        fprintf(stderr, "freshet eval: %zu pairs of friends are left out: not both are in %s\n",
                data.friends_left_out, files->train);
    int code = run_split(run, &data);
    fr_eval_data_fini(&data);
    return code;
}

int fr_eval_split(struct fr_app *app, int argc, char **argv) {
    struct fr_eval_files files = {0};
    const char *format = NULL;
    struct eval_run *run = eval_run_new();
    struct fr_option options[FILE_OPTIONS + EVAL_OPTIONS] = {
        {"train", 0, "FILE", FR_OPTION_TEXT, &files.train, "what models learn from"},
        {"test", 0, "FILE", FR_OPTION_TEXT, &files.test, "what their lists are held to"},
        {"valid", 0, "FILE", FR_OPTION_TEXT, &files.valid, "what to choose by, not learnt from nor listed"},
        {"friends", 0, "FILE", FR_OPTION_TEXT, &files.friends, "who trusts or follows whom"},
        {"items", 0, "FILE", FR_OPTION_TEXT, &files.items, "the catalogue, JSON lines (docs/ITEMS.md)"},
        {"format", 0, "FORMAT", FR_OPTION_TEXT, &format, "of these four: lists or triples"},
    };
    eval_run_options(run, options + FILE_OPTIONS);
    int code = fr_options_read(app, options, FILE_OPTIONS + EVAL_OPTIONS, help_text, &argc, argv);
    if (code < 0 && argc > 1) code = fr_usage("eval", "split takes no %s", argv[1]);
    if (code < 0 && (!files.train || !files.test)) code = fr_usage("eval", "split needs --train and --test");
    if (code < 0) code = eval_read_format(format, &files.format);
    if (code < 0) code = eval_run_begin(run, app);
    if (code < 0) code = read_and_run(run, &files);
    eval_run_free(run);
    return code;
}
