#include "freshet/event/event.h"

static const char *const texts[FR_EVENT_TYPE_N] = {
#define FR_EVENT_ROW(name, text, weight, undoes, needs) text,
    FR_EVENT_TYPE_MAP(FR_EVENT_ROW)
#undef FR_EVENT_ROW
};

const char *fr_event_type_text(enum fr_event_type type) {
    return type < FR_EVENT_TYPE_N ? texts[type] : "none";
}
