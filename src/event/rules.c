#include "freshet/event/rules.h"

static const int32_t default_weights[FR_EVENT_TYPE_N] = {
#define FR_EVENT_WEIGHT(name, text, weight, undoes, needs) weight,
    FR_EVENT_TYPE_MAP(FR_EVENT_WEIGHT)
#undef FR_EVENT_WEIGHT
};

static const enum fr_event_type default_undoes[FR_EVENT_TYPE_N] = {
#define FR_EVENT_UNDOES(name, text, weight, undoes, needs) FR_EVENT_##undoes,
    FR_EVENT_TYPE_MAP(FR_EVENT_UNDOES)
#undef FR_EVENT_UNDOES
};

void fr_event_rules_init(struct fr_event_rules *r) {
    *r = (struct fr_event_rules){.unknown_type = FR_UNKNOWN_TYPE_REJECT,
                                 .max_bytes = 256 * 1024,
                                 .max_future_ms = 300000,
                                 .lateness_ms = 3600000,
                                 .earliest_ms = 946684800000,
                                 .max_per_minute = 600};
    fr_dict_init(&r->names);
    for (unsigned i = 0; i < FR_EVENT_TYPE_N; i++) {
        enum fr_event_type type = (enum fr_event_type)i;
        r->undoes[type] = default_undoes[type];
        fr_event_rules_set_weight(r, type, default_weights[type]);
        fr_event_rules_add_name(r, fr_str_of(fr_event_type_text(type)), type);
    }
}

void fr_event_rules_fini(struct fr_event_rules *r) { fr_dict_fini(&r->names); }

bool fr_event_rules_add_name(struct fr_event_rules *r, struct fr_str name, enum fr_event_type type) {
    bool known = fr_dict_find(&r->names, name) != FR_DICT_NONE;
    if (name.len == 0 || (!known && r->names.n == FR_EVENT_TYPE_NAMES)) return false;
    r->types[fr_dict_intern(&r->names, name)] = type;
    return true;
}

bool fr_event_rules_set_weight(struct fr_event_rules *r, enum fr_event_type type, int32_t weight) {
    if (weight < 0 || weight > FR_EVENT_WEIGHT_MAX) return false;
    r->weight[type] = weight;
    r->polarity[type] = weight > 0                 ? FR_POLARITY_POSITIVE
                        : type == FR_EVENT_DISLIKE ? FR_POLARITY_NEGATIVE
                                                   : FR_POLARITY_NEUTRAL;
    return true;
}

enum fr_event_type fr_event_rules_type(const struct fr_event_rules *r, struct fr_str name) {
    uint32_t number = fr_dict_find(&r->names, name);
    return number == FR_DICT_NONE ? FR_EVENT_NONE : r->types[number];
}
