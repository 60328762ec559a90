/* Any bytes as a ledger record: refused, or rows that ledgers take and stay sound, and that packed again are the same
 * rows. */
#include "freshet/target/ledger_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply_all(const struct fr_ledger_rows *rows) {
    struct fr_ledger ledger = {0};
    for (uint32_t i = 0; i < rows->n; i++) {
        fr_ledger_apply(&ledger, FR_LEDGER_HOURS, &rows->at[i]);
        FR_ASSERT(fr_ledger_check(&ledger, FR_LEDGER_HOURS) == NULL);
    }
    fr_ledger_fini(&ledger);
}

static bool same_row(const struct fr_ledger_delta *a, const struct fr_ledger_delta *b) {
    return a->campaign == b->campaign && a->hour == b->hour && memcmp(&a->add, &b->add, sizeof a->add) == 0;
}

static void pack_again(const struct fr_ledger_rows *rows, struct fr_dict *ids) {
    struct fr_ledger_sink sink;
    struct fr_ledger_rows again = {0};
    struct fr_str bytes;
    fr_ledger_sink_init(&sink, ids, 1, 0);
    for (uint32_t i = 0; i < rows->n; i++)
        for (unsigned m = 0; m < FR_LEDGER_MEASURES; m++)
            fr_ledger_sink_add(&sink, rows->at[i].campaign, rows->at[i].hour, (enum fr_ledger_measure)m,
                               rows->at[i].add.of[m]);
    uint32_t n = fr_ledger_sink_finish(&sink);
    FR_ASSERT(n == 1);
    fr_ledger_sink_record(&sink, 0, &bytes);
    bool ok = fr_ledger_record_read(&again, bytes, ids);
    FR_ASSERT(ok && again.n == rows->n);
    for (uint32_t i = 0; i < rows->n; i++) FR_ASSERT(same_row(&again.at[i], &rows->at[i]));
    fr_ledger_rows_fini(&again);
    fr_ledger_sink_fini(&sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_dict ids;
    struct fr_ledger_rows rows = {0};
    fr_dict_init(&ids);
    if (fr_ledger_record_read(&rows, (struct fr_str){(const char *)data, (uint32_t)size}, &ids)) {
        apply_all(&rows);
        pack_again(&rows, &ids);
    }
    fr_ledger_rows_fini(&rows);
    fr_dict_fini(&ids);
    return 0;
}
