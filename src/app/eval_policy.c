/* freshet eval policy: what another policy would have earned on a log with propensities. */
#include "eval_policy.h"
#include "eval_run.h"
#include "freshet/app/eval.h"
#include "freshet/base/json.h"
#include "freshet/target/off_policy.h"
#include "freshet/target/reward_model.h"
#include "freshet/learn/folds.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help_text[] =
    "A log says what was chosen, with which probability, and whether it was rewarded; the estimates say "
    "what\n"
    "another policy would have earned on it (docs/EVALUATION.md). A log is CSV in the columns of the Open\n"
    "Bandit data set, or one JSON object a line:\n"
    "  {\"action\": \"a1\", \"position\": 1, \"reward\": 0, \"propensity\": 0.25, \"context\": {\"age\": "
    "31}}\n"
    "\n"
    "Policies: uniform; log:FILE, as often as another log chose each action at each position; table:FILE, "
    "CSV\n"
    "with the columns action, probability and perhaps position; greedy, the best by the reward model.\n"
    "\n"
    "Examples:\n"
    "  freshet eval policy --log random.csv.gz --policy log:thompson.csv.gz\n"
    "  freshet eval policy --log thompson.csv.gz --policy uniform --on-policy random.csv.gz --json\n"
    "  freshet eval policy --log shown.jsonl --policy table:plan.csv --clip 20\n";

struct asked {
    const char *log, *policy, *on_policy, *rewards;
    int64_t drawings, folds, seed;
    double ridge;
    struct fr_off_policy_options options;
};

struct world {
    const struct asked *asked;
    struct policy_names names;
    struct policy_log log, other;
    double on_policy; /* NaN: not known */
    double *table;    /* [positions][actions]; NULL: greedy */
    double *q;        /* [n][actions] */
    struct fr_off_policy_result result;
};

enum { OPTIONS = 9 };

static void make_options(struct asked *a, struct fr_option out[OPTIONS]) {
    const struct fr_option options[OPTIONS] = {
        {"log", 0, "FILE", FR_OPTION_TEXT, &a->log, "what was chosen, with propensities"},
        {"policy", 0, "POLICY", FR_OPTION_TEXT, &a->policy, "uniform, greedy, log:FILE or table:FILE"},
        {"on-policy", 0, "FILE", FR_OPTION_TEXT, &a->on_policy,
         "a log of that policy: its mean reward is the yardstick"},
        {"reward-model", 0, "FILE", FR_OPTION_TEXT, &a->rewards, "predicted rewards instead of fitted ones"},
        {"clip", 0, "WEIGHT", FR_OPTION_NUMBER, &a->options.clip,
         "weights above count as this; 0, not at all, when not given"},
        {"drawings", 0, "N", FR_OPTION_INT, &a->drawings, "of the bootstrap; 1000 when not given"},
        {"folds", 0, "N", FR_OPTION_INT, &a->folds, "of the reward model; 3 when not given"},
        {"ridge", 0, "WEIGHT", FR_OPTION_NUMBER, &a->ridge, "of the reward model; 1 when not given"},
        {"seed", 0, "N", FR_OPTION_INT, &a->seed, "of folds and bootstrap; 1 when not given"},
    };
    memcpy(out, options, sizeof options);
}

static const char *behind(const char *text, const char *prefix) {
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 && text[n] ? text + n : NULL;
}

static bool is_policy(const char *p) {
    return strcmp(p, "uniform") == 0 || strcmp(p, "greedy") == 0 || behind(p, "log:") || behind(p, "table:");
}

static int check(struct asked *a) {
    if (!a->log) return fr_usage("eval", "policy needs --log");
    if (!a->policy) return fr_usage("eval", "policy needs --policy");
    if (!is_policy(a->policy))
        return fr_usage("eval", "--policy: %s is none of uniform, greedy, log:FILE, table:FILE", a->policy);
    if (a->drawings > 1000000) return fr_usage("eval", "--drawings must be at most 1000000");
    if (a->folds < 2 || a->folds > FR_FOLDS_MAX) return fr_usage("eval", "--folds must be 2 to 100");
    if (a->ridge <= 0) return fr_usage("eval", "--ridge must be above 0");
    a->options.drawings = (uint32_t)a->drawings;
    a->options.seed = (uint64_t)a->seed;
    return -1;
}

/* ---- the policy ---- */

static void uniform_table(struct world *w) {
    size_t n = (size_t)w->names.positions.n * w->names.actions.n;
    w->table = fr_alloc((n + 1) * sizeof *w->table);
    for (size_t i = 0; i < n; i++) w->table[i] = 1. / w->names.actions.n;
}

/* How often the other log chose each action; a position that it does not have gets its shares over all positions. */
static void table_of_log(struct world *w) {
    uint32_t action_n = w->names.actions.n, position_n = w->names.positions.n;
    double *all = fr_alloc_zero(action_n, sizeof *all), *sums = fr_alloc_zero(position_n, sizeof *sums);
    w->table = fr_alloc_zero((size_t)position_n * action_n + 1, sizeof *w->table);
    for (uint32_t i = 0; i < w->other.n; i++) {
        w->table[(size_t)w->other.positions[i] * action_n + w->other.actions[i]]++;
        sums[w->other.positions[i]]++;
        all[w->other.actions[i]]++;
    }
    for (uint32_t p = 0; p < position_n; p++)
        for (uint32_t a = 0; a < action_n; a++) {
            double *cell = &w->table[(size_t)p * action_n + a];
            *cell = sums[p] > 0 ? *cell / sums[p] : all[a] / w->other.n;
        }
    free(all);
    free(sums);
}

static enum fr_err read_on_policy(struct world *w, struct fr_errmsg *msg) {
    const char *of_policy = behind(w->asked->policy, "log:");
    const char *path = w->asked->on_policy ? w->asked->on_policy : of_policy;
    w->on_policy = (double)NAN;
    if (!path) return FR_OK;
    enum fr_err err = policy_log_read(path, &w->names, &w->other, msg);
    if (err != FR_OK) return err;
    w->on_policy = policy_log_reward(&w->other);
    if (!of_policy || strcmp(path, of_policy) == 0) return FR_OK;
    policy_log_fini(&w->other);
    return policy_log_read(of_policy, &w->names, &w->other, msg);
}

static enum fr_err make_policy(struct world *w, struct fr_errmsg *msg) {
    const char *table = behind(w->asked->policy, "table:");
    if (table) return policy_table_read(table, &w->names, &w->table, msg);
    if (behind(w->asked->policy, "log:"))
        table_of_log(w);
    else if (strcmp(w->asked->policy, "uniform") == 0)
        uniform_table(w);
    return FR_OK;
}

/* ---- the measurement ---- */

enum { PREDICTIONS = 1 << 28 };

static enum fr_err predict(struct world *w, struct fr_errmsg *msg) {
    const struct policy_log *log = &w->log;
    uint32_t action_n = w->names.actions.n;
    if ((uint64_t)log->n * action_n > PREDICTIONS)
        return fr_err_set(msg, FR_LIMIT, "%u rounds of %u actions are too many to predict", log->n, action_n);
    if (w->asked->rewards) return policy_rewards_read(w->asked->rewards, &w->names, log->n, &w->q, msg);
    w->q = fr_alloc(((size_t)log->n * action_n + 1) * sizeof *w->q);
    struct fr_reward_rounds rounds = {
        log->n,         action_n,     w->names.positions.n, w->names.features.n, log->actions,
        log->positions, log->rewards, log->starts,          log->features,       log->values};
    return fr_reward_predict_crossed(&rounds, (uint32_t)w->asked->folds, w->asked->ridge,
                                     w->asked->options.seed, w->q, msg);
}

static void greedy(const double *q, uint32_t n, double *pi) {
    uint32_t best = 0;
    for (uint32_t a = 0; a < n; a++) {
        pi[a] = 0;
        if (q[a] > q[best]) best = a;
    }
    pi[best] = 1;
}

static void estimate(struct world *w) {
    const struct policy_log *log = &w->log;
    uint32_t action_n = w->names.actions.n;
    struct fr_off_policy_round *rounds = fr_alloc(log->n * sizeof *rounds);
    double *chosen = fr_alloc(action_n * sizeof *chosen);
    for (uint32_t i = 0; i < log->n; i++) {
        const double *q = w->q + (size_t)i * action_n, *pi = chosen;
        if (w->table)
            pi = w->table + (size_t)log->positions[i] * action_n;
        else
            greedy(q, action_n, chosen);
        rounds[i] =
            fr_off_policy_round_of(log->actions[i], log->rewards[i], log->propensities[i], pi, q, action_n);
    }
    fr_off_policy_estimate(rounds, log->n, &w->asked->options, &w->result);
    free(rounds);
    free(chosen);
}

/* ---- the report ---- */

static const char *contains(const struct world *w, const struct fr_off_policy_estimate *e) {
    if (isnan(w->on_policy) || isnan(e->low)) return "-";
    return e->low <= w->on_policy && w->on_policy <= e->high ? "yes" : "no";
}

static void put_table(const struct world *w, struct fr_buf *out) {
    const struct fr_off_policy_weights *weights = &w->result.weights;
    fr_buf_printf(out, "estimator  estimate  low       high      contains on-policy\n");
    for (int e = 0; e < FR_OFF_POLICY_N; e++) {
        const struct fr_off_policy_estimate *x = &w->result.estimates[e];
        fr_buf_printf(out, "%-9s  %.6f  %.6f  %.6f  %s\n",
                      fr_off_policy_name((enum fr_off_policy_estimator)e), x->value, x->low, x->high,
                      contains(w, x));
    }
    fr_buf_printf(out, "logged     %.6f  (%u rounds, %u actions, %u positions)\n", policy_log_reward(&w->log),
                  w->log.n, w->names.actions.n, w->names.positions.n);
    if (!isnan(w->on_policy)) fr_buf_printf(out, "on-policy  %.6f\n", w->on_policy);
    fr_buf_printf(out, "weights    mean %.4f, max %.2f, effective rounds %.0f, clipped %u, zero %u\n",
                  weights->mean, weights->max, weights->effective_n, weights->clipped_n, weights->zero_n);
}

static void put_number(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_double(out, value);
}

static void put_json(const struct world *w, struct fr_buf *out) {
    const struct fr_off_policy_weights *weights = &w->result.weights;
    for (int e = 0; e < FR_OFF_POLICY_N; e++) {
        const struct fr_off_policy_estimate *x = &w->result.estimates[e];
        fr_json_open(out, '{');
        fr_json_key(out, "estimator");
        fr_json_str(out, fr_str_of(fr_off_policy_name((enum fr_off_policy_estimator)e)));
        put_number(out, "estimate", x->value);
        put_number(out, "low", x->low);
        put_number(out, "high", x->high);
        put_number(out, "on_policy", w->on_policy);
        put_number(out, "logged", policy_log_reward(&w->log));
        put_number(out, "rounds", w->log.n);
        put_number(out, "weight_mean", weights->mean);
        put_number(out, "weight_max", weights->max);
        put_number(out, "effective_rounds", weights->effective_n);
        put_number(out, "clipped", weights->clipped_n);
        put_number(out, "zero", weights->zero_n);
        fr_json_close(out, '}');
        fr_buf_byte(out, '\n');
    }
}

static void report(const struct fr_app *app, const struct world *w) {
    struct fr_buf out = {0};
    if (app->json)
        put_json(w, &out);
    else
        put_table(w, &out);
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
}

static enum fr_err measure(struct world *w, struct fr_errmsg *msg) {
    enum fr_err err = policy_log_read(w->asked->log, &w->names, &w->log, msg);
    if (err == FR_OK) err = read_on_policy(w, msg);
    if (err == FR_OK) err = make_policy(w, msg);
    if (err == FR_OK) err = predict(w, msg);
    if (err == FR_OK) estimate(w);
    return err;
}

static int run(const struct fr_app *app, const struct asked *a) {
    struct world w = {.asked = a};
    struct fr_errmsg msg = {0};
    fr_dict_init(&w.names.actions);
    fr_dict_init(&w.names.positions);
    fr_dict_init(&w.names.features);
    enum fr_err err = measure(&w, &msg);
    if (err == FR_OK) report(app, &w);
    fr_dict_fini(&w.names.actions);
    fr_dict_fini(&w.names.positions);
    fr_dict_fini(&w.names.features);
    policy_log_fini(&w.log);
    policy_log_fini(&w.other);
    free(w.table);
    free(w.q);
    return err == FR_OK ? FR_EXIT_OK : eval_failed(err, &msg);
}

int fr_eval_policy(struct fr_app *app, int argc, char **argv) {
    struct asked a = {.drawings = 1000, .folds = 3, .seed = 1, .ridge = 1, .options = FR_OFF_POLICY_DEFAULTS};
    struct fr_option options[OPTIONS];
    make_options(&a, options);
    int code = fr_options_read(app, options, OPTIONS, help_text, &argc, argv);
    if (code < 0 && argc > 1) code = fr_usage("eval", "policy takes no %s", argv[1]);
    if (code < 0) code = check(&a);
    return code < 0 ? run(app, &a) : code;
}
