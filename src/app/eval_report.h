/* eval_report.h - rows of an evaluation as a table for people or as JSON lines. */
#ifndef FR_APP_EVAL_REPORT_H
#define FR_APP_EVAL_REPORT_H

#include "eval_models.h"

/* Rows with err are left out: why was said on standard error. */
void eval_report_table(const struct eval_setup *setup, const struct eval_row *rows, uint32_t n,
                       struct fr_buf *out);
/* One object a row, group and k. */
void eval_report_json(const struct eval_setup *setup, const struct eval_row *rows, uint32_t n,
                      struct fr_buf *out);

#endif
