/* model.h - a model that is fitted on a matrix of interactions and scores all items for histories: what every fitted
 * recommender of learn/ is.
 *
 * Fold-in   a model scores a history, whoever's it is: users who came after the fit need none.
 * Promise   a function of (data, parameters, seed): the same result for the same number of threads. No clock decides
 *           anything but a stated time budget of a search.
 * Threads   fit may use as many as it is told; a fitted model is read-only, any number of threads may score.
 * Memory    gives models; freed by ops->free. bytes() says what it keeps. */
#ifndef FR_LEARN_MODEL_H
#define FR_LEARN_MODEL_H

#include "freshet/base/err.h"
#include "freshet/base/tensors.h"
#include "freshet/learn/interactions.h"

/* One hyper-parameter: its name, default, and the values a search may try. */
struct fr_parameter {
    const char *name; /* "factors" */
    double standard;
    const double *grid; /* [grid_n] ascending; contains the default */
    uint32_t grid_n;
};

enum { FR_PARAMETERS_MAX = 12 };

/* What a fit is given besides parameters. */
struct fr_fit {
    const struct fr_interactions *data;
    const struct fr_rows *friends;  /* user x user; NULL: none */
    const struct fr_rows *features; /* item x feature, rows of length 1; NULL: none */
    unsigned threads;
    uint64_t seed;
    /* The model is published as it is, to make lists while events flow: it holds no rows of data, and scores one history fast. */
    bool is_published;
    /* Called now and then from the fitting thread, done in 0..1; false: give up (the fit returns NULL, FR_TIMEOUT). NULL: not
     * called. */
    bool (*progress)(void *context, const char *step, double done);
    void *context;
};

struct fr_model;

struct fr_model_ops {
    const char *name; /* "spectral" */
    const struct fr_parameter *parameters;
    uint32_t parameter_n;
    bool needs_friends, needs_features;
    /* values[parameter_n] in the order of parameters. gives; NULL with msg. */
    struct fr_model *(*fit)(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg);
    /* What makes a search cheap. Takes on other values as a fit of the same data with them would, where that costs much
     * less than a fit: what only shapes scores, fewer factors than were fitted. False: that needs a fit, nothing was
     * changed. Nobody may score meanwhile. NULL: any change needs a fit. */
    bool (*adjust)(struct fr_model *, const double *values);
    /* Scores of every item for the histories rows[first .. first + n) into out[n][item_n]. Row numbers are the users' of the fit
     * when is_known (a model with user factors, or friends, may use them); otherwise only the history counts. Scores of
     * items in the history mean nothing. */
    void (*score)(const struct fr_model *, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out);
    /* For lists that are made while events flow: scores of the items wanted[m], or of all in order when wanted is NULL (m =
     * item_n), for one history of n columns, ascending, each once, with values > 0. Plain loops: the same bits whatever the
     * number of threads and the library, and the same order of items as score gives but for rounding. work[work_floats]
     * is the caller's. NULL: score is asked instead. */
    void (*score_some)(const struct fr_model *, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t m, float *work, float *out);
    uint32_t (*work_floats)(const struct fr_model *); /* NULL: score_some needs none */
    /* A history as a vector, so that histories which the model takes alike have vectors of like direction: out[vector_floats], all 0
     * when nothing is known. Arguments and promise as score_some. NULL, both: the model has none (but learn/taste.h makes some
     * of rows). */
    void (*vector)(const struct fr_model *, const uint32_t *columns, const float *values, uint32_t n,
                   float *work, float *out);
    uint32_t (*vector_floats)(const struct fr_model *);
    /* Scores as a sum of rows, item x item with values: score = sum over the history of value * row. Whoever has them need not
     * look at all items. NULL: there are none. Lent. */
    const struct fr_rows *(*rows)(const struct fr_model *);
    uint32_t (*items)(const struct fr_model *); /* how many it scores */
    size_t (*bytes)(const struct fr_model *);
    void (*save)(const struct fr_model *, struct fr_tensors_writer *);
    /* Keeps copies: the file may be closed. Its arrays may be anybody's: what does not fit together is refused. gives; NULL
     * with msg (FR_STATE_CORRUPT). NULL ops member: cannot be loaded. */
    struct fr_model *(*load)(const struct fr_tensors_file *, struct fr_errmsg *msg);
    void (*free)(struct fr_model *);
};

struct fr_model {
    const struct fr_model_ops *ops; /* first member of every model's own struct */
};

/* All of them, in the order of reports; src/learn/models.c. */
extern const struct fr_model_ops *const fr_models[];
extern const unsigned fr_models_n;
/* Also those that are only loaded and have no fit. NULL: none. */
const struct fr_model_ops *fr_model_find(const char *name);

#endif
