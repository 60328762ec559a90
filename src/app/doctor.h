/* doctor.h - what `freshet doctor` finds out, and how it says it.
 *
 * Promise   whatever cannot be reached is said so and the rest is looked at all the same.
 * Threads   one owner. */
#ifndef FR_APP_DOCTOR_H
#define FR_APP_DOCTOR_H

#include "freshet/app/audit.h"
#include "kafka_command.h"

enum { DOCTOR_FAMILIES_MAX = 16, DOCTOR_ADVICE_MAX = 32 };

/* How far the state of one input partition is: o_r (stored) <= o_k (committed) <= end. */
struct doctor_partition {
    uint64_t epoch;    /* of its owner; 0: nobody ever owned it */
    int64_t stored;    /* o_r; -1: nothing is stored */
    int64_t committed; /* o_k; -1: nothing is committed */
    int64_t first, end;
    int64_t behind; /* records that the stored state does not have yet */
};

struct doctor_stage {
    struct doctor_partition *partitions; /* [n] */
    uint32_t n;
    uint32_t stored_n; /* partitions that the stored states were made for; 0: none are stored */
};

/* Keys with the same name up to the hash tag. */
struct doctor_family {
    char name[40];
    uint64_t keys, key_bytes;
    uint64_t sampled, sampled_bytes; /* of the values of some keys */
};

struct doctor_advice {
    bool error;
    char text[320];
};

struct doctor {
    const struct fr_config *config;
    struct fr_state_reader reader;
    struct fr_arena arena;
    struct fr_kafka_cluster cluster;
    bool store_there, kafka_there;
    struct fr_errmsg store_error, kafka_error;
    struct fr_store_info store;
    struct topic_look look;
    struct doctor_stage stages[FR_STAGE_N];
    struct doctor_family families[DOCTOR_FAMILIES_MAX];
    uint32_t family_n;
    struct doctor_advice advice[DOCTOR_ADVICE_MAX];
    uint32_t advice_n, errors;
    bool audited;
    struct fr_audit audit;
};

void doctor_look(struct doctor *d, const struct fr_config *config);
/* Nothing is under way: every record is in the stored states. */
bool doctor_is_quiet(const struct doctor *d);
void doctor_advise(struct doctor *d, bool error, const char *format, ...) FR_PRINTF(3, 4);
void doctor_fini(struct doctor *d);

/* Bytes that Redis needs for a key of this family, its own bookkeeping included; estimated. */
double doctor_family_key_bytes(const struct doctor_family *f);
void doctor_text(const struct doctor *d, struct fr_buf *out);
void doctor_json(const struct doctor *d, struct fr_buf *out);

#endif
