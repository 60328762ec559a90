/* recommendation.h - a list as the record that goes to the recommendations topic: id, value, headers.
 *
 * Shape     docs/schemas/recommendations.schema.json. Compact JSON, keys in fixed order, scores and weights
 *           as decimals with at most 6 places: the printed weights of an item add up to its printed score. An item's
 *           propensity is printed the same way where it is said.
 * Promise   a function of its arguments: the same list, id and times give the same bytes.
 * Not       the withdrawal of a list (forget) is a record with this key and no value: the caller's.
 * Memory    borrows everything; appends to the caller's buffer and arena. */
#ifndef FR_RECOMMEND_RECOMMENDATION_H
#define FR_RECOMMEND_RECOMMENDATION_H

#include "freshet/base/buf.h"
#include "freshet/base/clock.h"
#include "freshet/recommend/list.h"

/* Where a list comes from: the input record that last touched the user's state, and how far the state went that the list
 * was made of. Whoever has the log up to there can make the list again. */
struct fr_recommendation_cause {
    struct fr_str topic; /* its full name; empty: not said */
    int32_t partition;
    int64_t offset;
    int64_t through; /* offset of the last record of the partition that the state included, >= offset */
    uint64_t
        catalogue; /* how many records of the items topic the catalogue included; 0: none was looked at */
};

struct fr_recommendation {
    struct fr_str id; /* fr_recommendation_id */
    struct fr_str user_id, surface;
    fr_time_ms generated_ms, expires_ms;
    struct fr_str model_name, model_version;
    fr_time_ms trained_ms; /* 0: not said */
    struct fr_recommendation_cause cause;
};

struct fr_recommendation_header {
    struct fr_str name, value;
};

#define FR_RECOMMENDATION_TYPE "io.freshet.recommendations.v1"
#define FR_RECOMMENDATION_SCHEMA "urn:freshet:schema:recommendations:1"

enum { FR_RECOMMENDATION_HEADERS = 8 };

/* A UUID and a NUL. The same cause, user, surface and model version give the same id, on any machine. */
void fr_recommendation_id(const struct fr_recommendation_cause *cause, struct fr_str user_id,
                          struct fr_str surface, struct fr_str model_version, char out[37]);

/* Appends the value. */
void fr_recommendation_write(struct fr_buf *b, const struct fr_recommendation *r, const struct fr_list *list,
                             const struct fr_dict *items);

/* CloudEvents 1.0 attributes in Kafka's binary mode, and the content type: FR_RECOMMENDATION_HEADERS of them
 * in the arena. source is a URI reference, for example "/freshet/worker-1". Values borrow r and source. */
const struct fr_recommendation_header *
fr_recommendation_headers(const struct fr_recommendation *r, struct fr_str source, struct fr_arena *arena);

#endif
