#include "freshet/recommend/reason.h"

struct fr_str fr_reason_str(enum fr_reason_code code) {
    static const struct fr_str codes[FR_REASON_N] = {
#define FR_REASON_TEXT(name, code, text) {code, sizeof code - 1},
        FR_REASON_MAP(FR_REASON_TEXT)
#undef FR_REASON_TEXT
    };
    return codes[code];
}
