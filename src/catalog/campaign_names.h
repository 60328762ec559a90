/* campaign_names.h - the words of a campaign's choices, shared by reader and writer. Private to catalog/. */
#ifndef FR_CATALOG_CAMPAIGN_NAMES_H
#define FR_CATALOG_CAMPAIGN_NAMES_H

enum { CAMPAIGN_KINDS = 2, CAMPAIGN_PAYS = 3, CAMPAIGN_STATES = 3, CAMPAIGN_BUDGETS = 2 };

/* By the enums of campaign.h. */
extern const char *const campaign_kinds[CAMPAIGN_KINDS], *const campaign_pays[CAMPAIGN_PAYS],
                                                             *const campaign_states[CAMPAIGN_STATES],
                                                                 *const campaign_budgets[CAMPAIGN_BUDGETS];

#endif
