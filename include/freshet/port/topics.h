/* topics.h - the topics of the system, one table: enum, name, how it is keyed, how it is kept. A topic's full
 * name is <prefix>.<name>, the prefix being "freshet" unless configured. */
#ifndef FR_PORT_TOPICS_H
#define FR_PORT_TOPICS_H

#include <stdbool.h>

/* name, suffix, compacted, states are made from it, partitions as events (false: few are enough), what it carries */
#define FR_TOPIC_MAP(X)                                                                                      \
    X(EVENTS, "events", false, true, true, "behaviour events, key = user_id")                                \
    X(AFFINITY, "affinity", false, true, true, "packed affinity deltas, one record per partition and batch") \
    X(RECOMMENDATIONS, "recommendations", true, false, true, "the latest list per user, key = user_id")      \
    X(ITEM_NEIGHBORS, "item-neighbors", true, false, true, "similar items, key = item_id")                   \
    X(REJECTS, "rejects", false, false, false,                                                               \
      "records that could not be used, as they came, with the reason")                                       \
    X(ITEMS, "items", true, false, false, "the catalogue: one record an item, key = item_id")                \
    X(EXAMPLES, "examples", false, true, false, "what users did with what was known before, key = model")    \
    X(MODELS, "models", true, false, false,                                                                  \
      "fitted models: announced, promoted, refused, rolled back, with the evidence")                         \
    X(CAMPAIGNS, "campaigns", true, false, false, "campaigns and segments, one record each, key = its id")   \
    X(AD_SCORES, "ad-scores", true, false, true, "the latest ad scores per user, key = user_id")             \
    X(AUDIENCES, "audiences", true, false, true, "the latest segments per user, key = user_id")              \
    X(PROPENSITIES, "propensities", true, false, true, "the latest propensities per user, key = user_id")

enum fr_topic {
#define FR_TOPIC_ENUM(name, suffix, compacted, input, many, text) FR_TOPIC_##name,
    FR_TOPIC_MAP(FR_TOPIC_ENUM)
#undef FR_TOPIC_ENUM
        FR_TOPIC_N
};

struct fr_topic_info {
    const char *suffix, *text;
    bool compacted; /* cleanup.policy compact; otherwise delete */
    bool input;     /* a stage makes its states from it: its retention bounds recovery */
    bool many;      /* has as many partitions as the events topic */
};

const struct fr_topic_info *fr_topic_info(enum fr_topic topic);

#endif
