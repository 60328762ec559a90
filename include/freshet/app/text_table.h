/* text_table.h - rows of cells as a table for people, each column as wide as its widest cell.
 *
 * Promise   the last column is not padded, and lines end without blanks. Widths count characters of UTF-8, not their width on a screen.
 * Threads   any. */
#ifndef FR_APP_TEXT_TABLE_H
#define FR_APP_TEXT_TABLE_H

#include "freshet/base/buf.h"

enum { FR_TEXT_TABLE_COLUMNS = 16 };

/* Cells end with a tab, the last one of a row with a line feed. At most FR_TEXT_TABLE_COLUMNS in a row are aligned. */
void fr_text_table(struct fr_buf *out, struct fr_str rows);

#endif
