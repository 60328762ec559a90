/* docs/schemas/reject-headers.schema.json lists the codes of reject.h: these, all of them, in this order. */
#include "check.h"
#include "freshet/event/reject.h"
#include <jansson.h>

static void test_codes(void) {
    json_t *schema = json_load_file("docs/schemas/reject-headers.schema.json", 0, NULL);
    json_t *code = json_object_get(json_object_get(schema, "properties"), "__freshet.errors.code");
    json_t *codes = json_object_get(code, "enum");
    CHECK(json_is_array(codes));
    CHECK_INT(json_array_size(codes), FR_REJECT_N - FR_REJECT_NONE - 1);
    for (unsigned i = FR_REJECT_NONE + 1; i < FR_REJECT_N; i++) {
        const char *listed = json_string_value(json_array_get(codes, i - FR_REJECT_NONE - 1));
        CHECK_STR(listed ? listed : "nothing", fr_reject_code((enum fr_reject)i));
    }
    json_decref(schema);
}

int main(void) {
    RUN(test_codes);
    return check_done();
}
