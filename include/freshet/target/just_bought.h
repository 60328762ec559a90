/* just_bought.h - whether a user has just bought what a campaign promotes, so that the ad for it stops at once.
 *
 * Rule      a campaign that names items is done with a user who bought each of them lately; one that names only categories, with
 *           a user who bought something of one of them lately. Lately: the latest purchase in the history that was not refunded is at
 *           most window_ms old. A campaign that promotes nothing in particular is never done.
 * Texts     categories compare without regard to case (ASCII), with every level of an item's category.
 * Promise   functions of their arguments. Threads: an index is read-only once made. Memory: what it says. */
#ifndef FR_TARGET_JUST_BOUGHT_H
#define FR_TARGET_JUST_BOUGHT_H

#include "freshet/catalog/catalog.h"
#include "freshet/profile/user.h"
#include "freshet/target/campaign_set.h"

/* What campaigns promote, as hashes: of one version of them. */
struct fr_promoted {
    uint64_t *hashes;                /* items then categories of the first campaign, of the second, .. */
    uint32_t *item_at, *category_at; /* [campaign_n + 1] and [campaign_n]: where a campaign's begin */
};

void fr_promoted_init(struct fr_promoted *p, const struct fr_campaign_set *set);
void fr_promoted_fini(struct fr_promoted *p);

/* What a user bought lately. */
struct fr_bought {
    const uint64_t *items, *categories; /* [item_n], [category_n] hashes */
    uint32_t item_n, category_n;
};

/* catalog NULL: categories are not known. ids: the profile's dictionary. It lies in the arena. */
struct fr_bought fr_bought_of(const struct fr_user *u, const struct fr_dict *ids,
                              const struct fr_catalog *catalog, fr_time_ms now_ms, int64_t window_ms,
                              struct fr_arena *arena);
/* campaign: its place in the version. */
bool fr_bought_has(const struct fr_bought *bought, const struct fr_promoted *promoted, uint32_t campaign);

#endif
