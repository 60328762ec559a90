/* eval_models.h - each model's way through an evaluation: choose its parameters on a part of the training data, fit it on all
 * of it, list for the tested users. Every step in a child process (eval_child.h). */
#ifndef FR_APP_EVAL_MODELS_H
#define FR_APP_EVAL_MODELS_H

#include "freshet/learn/blend.h"
#include "freshet/learn/tune.h"

enum { EVAL_KS_MAX = 8, EVAL_K_MAX = 500, EVAL_DEPTH_LEAST = 100, EVAL_GROUPS_MAX = 4 };

struct eval_settings {
    unsigned threads;
    uint64_t seed;
    double budget_s; /* of each model's search */
    uint32_t ks[EVAL_KS_MAX], k_n, k_most;
    uint32_t depth; /* of the lists that are kept: k_most or more */
    int verbose;
};

/* What a model weighs in the blend. */
struct eval_part {
    const char *name;
    double weight;
};

/* One model, or the blend. */
struct eval_row {
    const char *name;
    const struct fr_model_ops *ops; /* NULL: the blend */
    enum fr_err err;                /* why there are no figures */
    struct fr_errmsg msg;
    double values[FR_PARAMETERS_MAX];            /* the parameters it was fitted with */
    struct eval_part parts[FR_BLEND_MODELS_MAX]; /* of the blend, [part_n] */
    uint32_t part_n;
    bool given;              /* they were not searched for */
    double judged, search_s; /* on the part put aside */
    uint32_t asked;
    bool finished; /* the search, before its budget */
    double fit_s, score_s, peak_mib;
    struct fr_toplists validation; /* of holdout->users; row_n 0: none */
    struct fr_toplists lists;      /* of setup->users */
    struct fr_accuracy accuracy[EVAL_GROUPS_MAX][EVAL_KS_MAX];
    struct fr_variety variety[EVAL_GROUPS_MAX][EVAL_KS_MAX];
};

/* Users who get their lists in the same way. */
struct eval_audience {
    uint32_t first, n;               /* of eval_setup.users; those ascend */
    const struct fr_rows *histories; /* rows by the users' numbers */
    bool is_known;                   /* the fit knows these users by their numbers */
    const bool *hidden;              /* items that they are not shown; NULL: none */
    const struct fr_rows
        *seen; /* what each is not shown besides, rows by the users' numbers; NULL: nothing */
};

/* Users who are judged together. */
struct eval_group {
    const char *name; /* NULL: everybody */
    uint32_t first, n;
    const struct fr_rows *truth; /* rows by the users' numbers: no model is given this */
};

/* All is borrowed. */
struct eval_setup {
    const struct eval_settings *settings;
    const struct fr_holdout *holdout;         /* of train */
    const struct fr_interactions *train;      /* what models are fitted on */
    const struct fr_rows *friends, *features; /* NULL: none */
    const struct fr_rows *valid;              /* what to choose by; NULL: a part of train */
    const uint32_t *users;                    /* [user_n] who gets lists */
    uint32_t user_n;
    struct eval_audience audiences[EVAL_GROUPS_MAX];
    struct eval_group groups[EVAL_GROUPS_MAX];
    uint32_t audience_n, group_n;
};

/* Fills validation, judged and, unless they are given, values; row->err says how it went. */
void eval_choose(const struct eval_setup *s, struct eval_row *row);
/* Fills lists, the costs, accuracy and variety. */
void eval_measure(const struct eval_setup *s, struct eval_row *row);
/* Accuracy and variety of row->lists. */
void eval_judge(const struct eval_setup *s, struct eval_row *row);
/* Lists that a child can fill; eval_row_fini frees those of a row. */
struct fr_toplists eval_lists_new(const uint32_t *users, uint32_t row_n, uint32_t depth);
void eval_row_fini(struct eval_row *row);

/* A line about what is going on, on standard error: in place on a terminal, at most a few a second; elsewhere only with -v,
 * and then only those that are done. */
void eval_say(int verbose, bool done, const char *format, ...) FR_PRINTF(3, 4);
void eval_say_nothing(void); /* clears the line */

#endif
