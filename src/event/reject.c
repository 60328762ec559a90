#include "freshet/event/reject.h"

static const struct {
    const char *code, *text;
} table[FR_REJECT_N] = {
#define FR_REJECT_ROW(name, code, text) {code, text},
    FR_REJECT_MAP(FR_REJECT_ROW)
#undef FR_REJECT_ROW
};

const char *fr_reject_code(enum fr_reject reason) { return table[reason].code; }
const char *fr_reject_text(enum fr_reject reason) { return table[reason].text; }
