#include "freshet/base/suggest.h"
#include <stdbool.h>
#include <string.h>

enum { WORD_BYTES = 128 };

/* Edits (insert, delete, replace, swap of neighbours) between two words. */
static uint32_t distance(const char *a, const char *b) {
    uint32_t rows[3][WORD_BYTES + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > WORD_BYTES || m > WORD_BYTES) return UINT32_MAX;
    for (uint32_t j = 0; j <= m; j++) rows[0][j] = j;
    for (uint32_t i = 1; i <= n; i++) {
        uint32_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];
        now[0] = i;
        for (uint32_t j = 1; j <= m; j++) {
            uint32_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && older[j - 2] + 1 < best) best = older[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *fr_suggest(const char *word, const char *const *names, uint32_t n) {
    size_t len = strlen(word);
    uint32_t best = (uint32_t)(len < 8 ? 2 : len / 4) + 1;
    const char *found = NULL;
    for (uint32_t i = 0; i < n; i++) {
        size_t other = strlen(names[i]), apart = len < other ? other - len : len - other;
        if (apart >= best) continue; /* so many edits are needed at least */
        uint32_t d = distance(word, names[i]);
        if (d >= best || d >= len) continue;
        best = d;
        found = names[i];
    }
    return found;
}
