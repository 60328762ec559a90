/* Any bytes as a report or a book of permits: refused, or a value that is written to bytes that read back the same and that
 * keeps within its budget. */
#include "freshet/target/permit_book.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_book(struct fr_permit_book *book, struct fr_str bytes) {
    struct fr_permit_book same = {0};
    struct fr_permit_account account;
    struct fr_buf once = {0}, twice = {0};
    fr_permit_book_encode(book, &once);
    bool ok = fr_permit_book_decode(&same, fr_buf_slice(&once));
    FR_ASSERT(ok);
    fr_permit_book_encode(&same, &twice);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    for (uint32_t i = 0; i < book->n; i++) {
        bool found = fr_permit_book_find(bytes, i, &account);
        FR_ASSERT(found == (book->accounts[i].generation > 0));
    }
    fr_permit_book_fini(&same);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

/* What was open stays, or what is open is within the budget. */
static void use_report(struct fr_permit_book *book, struct fr_permit_report *report) {
    const struct fr_permit_spent spent = {1000, 2000};
    const struct fr_permit_budget *b = &report->budget;
    int64_t before = fr_permit_book_open(book);
    report->partition %= 64;
    fr_permit_book_apply(book, report, &spent);
    int64_t open = fr_permit_book_open(book);
    if (open <= before) return;
    FR_ASSERT(!b->daily_micros || open + spent.on_day_micros <= b->daily_micros);
    FR_ASSERT(!b->total_micros || open + spent.total_micros <= b->total_micros);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_str bytes = {(const char *)data, (uint32_t)size}, id;
    struct fr_permit_book book = {0};
    struct fr_permit_account account;
    struct fr_permit_report report;
    bool found = fr_permit_book_find(bytes, 0, &account);
    if (fr_permit_book_decode(&book, bytes)) use_book(&book, bytes);
    if (fr_permit_report_read(&report, &id, bytes)) use_report(&book, &report);
    fr_permit_book_fini(&book);
    (void)found;
    /* A byte that says how long a book is, then it, then a report. */
    if (size < 2 || data[0] >= size) return 0;
    struct fr_str head = {bytes.ptr + 1, data[0]}, tail = {bytes.ptr + 1 + data[0], bytes.len - 1 - data[0]};
    if (fr_permit_book_decode(&book, head) && fr_permit_report_read(&report, &id, tail))
        use_report(&book, &report);
    fr_permit_book_fini(&book);
    return 0;
}
