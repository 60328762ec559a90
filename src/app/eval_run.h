/* eval_run.h - what the measurements of models have in common: their options, all rows one after the other, the blend, the
 * report. */
#ifndef FR_APP_EVAL_RUN_H
#define FR_APP_EVAL_RUN_H

#include "eval_models.h"
#include "freshet/app/command.h"
#include "freshet/app/pair_file.h"
#include "freshet/app/parameters_file.h"

struct eval_options {
    const char *models, *ks, *parameters, *save;
    int64_t threads, seed;
    double budget_s;
    bool json;
};

enum { EVAL_OPTIONS = 7 };

struct eval_run {
    struct eval_options options;
    struct eval_settings settings;
    struct fr_parameters given; /* by --params */
    struct eval_row rows[FR_BLEND_MODELS_MAX + 1];
    uint32_t row_n;
    bool blend;
    struct fr_blend blended; /* by the blend's row */
};

/* gives; eval_run_free. */
struct eval_run *eval_run_new(void);
void eval_run_free(struct eval_run *run);
/* The options of every measurement of models. */
void eval_run_options(struct eval_run *run, struct fr_option out[EVAL_OPTIONS]);
/* After the options were read: what they say, and the file of --params. -1 to go on, else the exit code. */
int eval_run_begin(struct eval_run *run, const struct fr_app *app);
/* Puts a part of train aside unless there is what to choose by, chooses, measures, blends, reports; the setup needs no settings and no holdout. Returns the exit
 * code. */
int eval_run_all(struct eval_run *run, struct eval_setup *setup);

/* Says what failed; returns the exit code that stands for it. */
int eval_failed(enum fr_err err, const struct fr_errmsg *msg);
/* --format; -1 to go on. */
int eval_read_format(const char *text, enum fr_pair_format *format);

#endif
