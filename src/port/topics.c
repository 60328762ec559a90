#include "freshet/port/topics.h"

static const struct fr_topic_info table[FR_TOPIC_N] = {
#define FR_TOPIC_ROW(name, suffix, compacted, input, many, text) {suffix, text, compacted, input, many},
    FR_TOPIC_MAP(FR_TOPIC_ROW)
#undef FR_TOPIC_ROW
};

const struct fr_topic_info *fr_topic_info(enum fr_topic topic) { return &table[topic]; }
