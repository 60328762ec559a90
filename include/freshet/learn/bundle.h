/* bundle.h - fitted models that belong together, as one versioned block of bytes in the safetensors format.
 *
 * Arrays    items.ends and items.text: the ids of the columns, ascending bytewise; and of each model "<model>.<array>".
 *           or "<model>.near.*", a model as rows of neighbours (learn/near.h).
 * Manifest  text in the header's __metadata__:
 *             freshet.bundle   "1"
 *             models           "spectral,als": names, in order
 *             version, parent  see below; parent: what was in force when this was fitted
 *             created_ms, data_until_ms, users, interactions, fingerprint      numbers, the last one hexadecimal
 *             blend            "place" or "score": how the models' lists make one (learn/blend.h)
 *             <model>.weight       in the blend; 1 when absent
 *             <model>.parameters   "factors=64,alpha=0.5": of the fit
 *             <model>.holdout      "cases=9000,recall=0.1,ndcg=0.08,hit_rate=0.3,fit_seconds=2.5"
 *           Only `models` must be there: a file of somebody else's factors needs no more (docs/MODELS.md).
 * Version   "20261125T223015.123Z-1a2b3c4d": when it was made and a part of its fingerprint. Bytewise order is order in time.
 * Promise   write is a function of the bundle. Reading is total, and refuses models that this build does not know or that
 *           score another number of items than there are ids.
 * Threads   read-only once it is made.
 * Memory    a bundle owns its models and texts; what is read is copied from the bytes. */
#ifndef FR_LEARN_BUNDLE_H
#define FR_LEARN_BUNDLE_H

#include "freshet/base/arena.h"
#include "freshet/base/clock.h"
#include "freshet/learn/blend.h"

enum { FR_BUNDLE_MODELS_MAX = 16, FR_BUNDLE_VERSION_BYTES = 32 /* with its NUL */ };

/* What a model was worth on the holdout of its fit. */
struct fr_figures {
    uint32_t cases; /* 0: not measured */
    double recall, ndcg, hit_rate, fit_seconds;
};

struct fr_bundle_model {
    struct fr_model *model;
    double values[FR_PARAMETERS_MAX]; /* of its ops' parameters; valid if has_values */
    bool has_values;
    double weight; /* in the blend, >= 0 */
    struct fr_figures holdout;
};

struct fr_bundle {
    char version[FR_BUNDLE_VERSION_BYTES], parent[FR_BUNDLE_VERSION_BYTES]; /* "" : none */
    fr_time_ms created_ms;
    fr_time_ms data_until_ms; /* nothing later was seen by the fit */
    uint64_t fingerprint;     /* a hash of the data */
    uint64_t user_n, interaction_n;
    const struct fr_str *items; /* [item_n] in the arena */
    uint32_t item_n, model_n;
    enum fr_blend_parts parts; /* of the blend; BY_PLACE in a new one */
    struct fr_figures holdout; /* of the blend */
    struct fr_bundle_model models[FR_BUNDLE_MODELS_MAX];
    struct fr_arena arena;
};

struct fr_bundle *fr_bundle_new(void); /* gives */
void fr_bundle_free(struct fr_bundle *b);
/* Copies the ids, which ascend. */
void fr_bundle_set_items(struct fr_bundle *b, const struct fr_str *ids, uint32_t n);
/* takes model. Lends the entry, to be filled in. */
struct fr_bundle_model *fr_bundle_add(struct fr_bundle *b, struct fr_model *model);
/* Fills version from created_ms and fingerprint. */
void fr_bundle_name(struct fr_bundle *b);
/* The model of this name, NULL: none. */
const struct fr_bundle_model *fr_bundle_model(const struct fr_bundle *b, const char *name);
/* Whether a text can be a version: letters, digits, dot and minus, 1 to 31 of them. */
bool fr_bundle_version_valid(struct fr_str version);

/* Appends the file. */
void fr_bundle_write(const struct fr_bundle *b, struct fr_buf *out);
/* bytes are aligned to 8. gives *out. FR_STATE_CORRUPT. */
enum fr_err fr_bundle_read(struct fr_str bytes, struct fr_bundle **out, struct fr_errmsg *msg) FR_MUST_USE;
/* The manifest as a JSON object. */
void fr_bundle_json(const struct fr_bundle *b, struct fr_buf *out);

#endif
