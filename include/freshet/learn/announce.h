/* announce.h - what is said about bundles: the control record that puts one in force, and the records of freshet.models.
 *
 *     freshet.examples  key FR_CONTROL_KEY   from this offset on the learner uses this bundle: its state stays a function of
 *                                            its log, whoever fitted what and when
 *     freshet.models    key = version        what became of a bundle, with the evidence: JSON, docs/schemas/model.schema.json
 *
 * Shape     a control record is a MessagePack map (an example record is an array, so the two cannot be taken for each other):
 *               {"kind": "bundle", "version": text, "parent": text, "why": text, "time_ms": int}
 *           version "": no bundle from here on. parent: what was in force before. Keys that are not known are ignored.
 * Promise   equal calls give equal bytes; reading is total. */
#ifndef FR_LEARN_ANNOUNCE_H
#define FR_LEARN_ANNOUNCE_H

#include "freshet/learn/bundle.h"
#include "freshet/learn/judge.h"

#define FR_CONTROL_KEY "feed"

/* name, text */
#define FR_MODEL_EVENT_MAP(X)                                            \
    X(FITTED, "fitted")           /* it is stored, nothing is decided */ \
    X(PROMOTED, "promoted")       /* it is in force */                   \
    X(REFUSED, "refused")         /* it is not, and why */               \
    X(ROLLED_BACK, "rolled_back") /* it was, and why it is no longer */

enum fr_model_event_kind {
#define FR_MODEL_EVENT_ENUM(name, text) FR_MODEL_EVENT_##name,
    FR_MODEL_EVENT_MAP(FR_MODEL_EVENT_ENUM)
#undef FR_MODEL_EVENT_ENUM
        FR_MODEL_EVENT_N
};

const char *fr_model_event_text(enum fr_model_event_kind kind);

struct fr_control {
    struct fr_str version, parent; /* lent from the record when read */
    enum fr_model_event_kind why;  /* PROMOTED or ROLLED_BACK */
    fr_time_ms time_ms;
};

void fr_control_write(const struct fr_control *c, struct fr_buf *out);
/* False: not a control record. */
bool fr_control_read(struct fr_str value, struct fr_control *out);

/* All is borrowed for the call; what is NULL or "" is left out. */
struct fr_model_event {
    enum fr_model_event_kind kind;
    const char *version, *in_force; /* the bundle; what is in force from now on */
    const char *task;               /* of a propensity; NULL: it is a bundle */
    const char *test;               /* what the verdict tested; NULL: lists of a bundle */
    const char *by;                 /* "schedule", "command", "drift", "monitor" */
    const char *reason;             /* a sentence */
    fr_time_ms time_ms;
    const struct fr_bundle *bundle;   /* its manifest */
    const struct fr_verdict *verdict; /* before promotion */
    double alpha;                     /* of the verdict or the monitor */
    const struct fr_monitor *monitor; /* after it */
    double z;                         /* of the monitor */
};

void fr_model_event_json(const struct fr_model_event *e, struct fr_buf *out);

#endif
