/* bands.h - the numbers of a catalogue as bands between quantiles, and the prices that are not given. Private to catalog/. */
#ifndef FR_BANDS_H
#define FR_BANDS_H

#include "freshet/catalog/catalog.h"

struct fr_bands;

/* Reads all prices and numeric attributes. gives; free with fr_bands_free. */
struct fr_bands *fr_bands_new(const struct fr_catalog *catalog, uint32_t bands);
void fr_bands_free(struct fr_bands *b);
enum { FR_BANDS_NAME_BYTES = FR_ITEM_TEXT_BYTES + 16 };
/* "attributes." and the name in lower case. */
struct fr_str fr_bands_name(struct fr_str attribute, char out[FR_BANDS_NAME_BYTES]);
/* name: "price" or fr_bands_name's. False: no number, or no items have it. Band from 0. */
bool fr_bands_find(const struct fr_bands *b, struct fr_str name, double number, uint32_t *band);
/* The item's price, or what it is completed to; NAN when no item has a price. */
double fr_bands_price(const struct fr_bands *b, const struct fr_item_record *item);

#endif
