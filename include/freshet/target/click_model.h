/* click_model.h - how likely an impression is answered (a click, a conversion, any yes or no), learned as answers come.
 *
 *     impression -> context (what was counted before) -> features -> FTRL logistic regression  \
 *                                                                 -> factorisation machine      > logit -> probability
 *
 * Formula   logit = base + c_0 + c_1 ftrl + c_2 fm; base is the log-odds of all answers so far, which both models learn on top
 *           of: a model that has learnt little says what is usual, not one half. c are learned online too, by AdaGrad on the log loss: Platt scaling of both at
 *           once, which keeps the probabilities true while the world moves (of what is predicted at 2 %, 2 % are answered).
 * New       what is new (a creative, a user) has running rates that begin at its parent's; ids without a weight bring 0.
 * Reasons   the logit is a sum over features, so it falls apart by field exactly: a weight's part, and half of each pair of
 *           the factorisation machine that it is in.
 * Use       look, make features, predict; once it is shown: shown; once its answer is decided (target/attribution.h): learn.
 *           Features made at the impression may be kept for learn, or made again from the context: it is the same.
 * Promise   state is a function of shown, learn, late_yes and forget in their order; load(save(m)) goes on with the same bits.
 *           Nothing allocates after new.
 * Cost      12 * 2^wide_bits + 72 * 2^dense_bits + 48 * 2^rate bits + 112 * 2^user bits bytes; about 9 us an example.
 * Threads   one writer and no reader meanwhile; or any number of readers: look, predict and explain write nothing. Serve
 *           from a copy (save, load) while another learns. */
#ifndef FR_TARGET_CLICK_MODEL_H
#define FR_TARGET_CLICK_MODEL_H

#include "freshet/learn/fm.h"
#include "freshet/target/click_features.h"

struct fr_click_model_params {
    struct fr_click_counts_params counts;
    struct fr_ftrl_params wide;
    struct fr_fm_params dense;
    double mix_rate;
};

/* What docs/TARGETING.md says of them. */
struct fr_click_model_params fr_click_model_defaults(void);
/* The same with tables for 2^bits weights, half as many running rates and an eighth as many users, in 50 * 2^bits bytes and
 * some. */
enum { FR_CLICK_MODEL_BITS_LEAST = 10, FR_CLICK_MODEL_BITS_MOST = 24 };
struct fr_click_model_params fr_click_model_of_bits(uint32_t bits);

struct fr_click_model;

struct fr_click_model *fr_click_model_new(const struct fr_click_model_params *params); /* gives */
void fr_click_model_free(struct fr_click_model *m);

void fr_click_model_look(const struct fr_click_model *m, const struct fr_impression *shown,
                         struct fr_click_context *out);
void fr_click_model_features(const struct fr_click_model *m, const struct fr_click_context *x,
                             struct fr_click_features *out);
/* 0..1. */
double fr_click_model_predict(const struct fr_click_model *m, const struct fr_click_features *f);

/* The logit, and what each field brings: fields add up to logit within 1e-6. Returns the probability. */
struct fr_click_reasons {
    double logit, fields[FR_CLICK_FIELDS];
};
double fr_click_model_explain(const struct fr_click_model *m, const struct fr_click_features *f,
                              struct fr_click_reasons *out);

void fr_click_model_shown(struct fr_click_model *m, const struct fr_click_context *x);
/* Its answer. f: the features of x. importance >= 0 weighs the step, not the counts. Returns the probability before. */
double fr_click_model_learn(struct fr_click_model *m, const struct fr_click_context *x,
                            const struct fr_click_features *f, bool yes, double importance);
/* What was learnt as no is a yes after all: counted as one, and learnt once more, as yes (Ktena et al. 2019, "fake
 * negatives"). */
void fr_click_model_late_yes(struct fr_click_model *m, const struct fr_click_context *x,
                             const struct fr_click_features *f);

/* What is kept of a user, as fr_click_counts_forget has it. Weights are of nobody in particular and stay. */
void fr_click_model_forget(struct fr_click_model *m, uint64_t user);

uint64_t fr_click_model_learnt(const struct fr_click_model *m); /* answers so far */
void fr_click_model_save(const struct fr_click_model *m, struct fr_buf *out);
/* Into one that has learnt nothing, of the same params. bytes aligned to 8. FR_STATE_CORRUPT: it is then unspecified. */
enum fr_err fr_click_model_load(struct fr_click_model *m, struct fr_str bytes,
                                struct fr_errmsg *msg) FR_MUST_USE;

#endif
