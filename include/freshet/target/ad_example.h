/* ad_example.h - what the click and conversion models are told, packed: what was shown, what came of it, whom to forget. One
 * record of the examples topic under the key FR_MODEL_ADS holds a batch's, in the order in which they happened.
 *
 * Shape     a byte FR_AD_EXAMPLE_VERSION; then varints (base/varint.h) unless a width is said:
 *             n, n ids of 8 bytes: each hash of this record once; place 0 is no id, place i the i-th
 *             m, m attributes of 4 bytes, as well; place i is the i-th, from 0
 *             entries until the end: a byte of kind, the user's place, and
 *               shown        ad, creative, campaign, advertiser, topic, surface (places), time, position + 1, age + 1,
 *                            user attributes (n, places), item attributes (n, places)
 *               click, conversion   ad, creative, campaign (places), time
 *               forget       nothing more
 *           A time is the zigzag of its difference to the time before it in the record, the first one's to 0.
 * Hashes    no id of a person is in it, but hashes name people too: it is personal data like the events themselves.
 * Join      an impression answers to its ad's id, to its user with campaign and creative, and to its user with the campaign. An
 *           answer asks for the most exact of what it names.
 * Errors    the reader is total: any bytes give a batch, or false and nothing.
 * Threads   one owner of a writer. Memory: a writer owns its buffers; a batch lies in the caller's arena, at most 150 bytes for
 *           each byte of the record. */
#ifndef FR_TARGET_AD_EXAMPLE_H
#define FR_TARGET_AD_EXAMPLE_H

#include "freshet/base/arena.h"
#include "freshet/base/buf.h"
#include "freshet/target/attribution.h"
#include "freshet/target/impression.h"

#define FR_MODEL_ADS FR_STR("ads")

/* Differs from the first bytes of recommend/example_record.h (an array) and of control records (a map). */
enum { FR_AD_EXAMPLE_VERSION = 0x61 };

/* Times are at most this far from 1970, 285,000 years: their differences are numbers too. */
#define FR_AD_TIME_MOST_MS (INT64_C(1) << 53)

enum fr_ad_example_kind { FR_AD_SHOWN, FR_AD_CLICK, FR_AD_CONVERSION, FR_AD_FORGET, FR_AD_EXAMPLE_KINDS };

struct fr_ad_example {
    enum fr_ad_example_kind kind;
    uint64_t ad; /* hash of the ad's id, 0: not said */
    /* SHOWN: all of it. CLICK, CONVERSION: user, campaign, creative (0: not said) and time. FORGET: user. user is never 0. */
    struct fr_impression of;
};

struct fr_ad_batch {
    const struct fr_ad_example *at; /* [n] */
    uint32_t n;
};

/* The keys that what was shown answers to, the most exact first. Returns how many, at least 1. */
uint32_t fr_ad_keys(const struct fr_ad_example *shown, uint64_t keys[FR_ATTRIBUTION_KEYS]);
/* The key that an answer asks for. */
uint64_t fr_ad_key(const struct fr_ad_example *answer);

struct fr_ad_writer;

struct fr_ad_writer *fr_ad_writer_new(void); /* gives */
void fr_ad_writer_free(struct fr_ad_writer *w);
void fr_ad_writer_add(struct fr_ad_writer *w, const struct fr_ad_example *e);
uint32_t fr_ad_writer_count(const struct fr_ad_writer *w); /* entries */
size_t fr_ad_writer_bytes(const struct fr_ad_writer *w);   /* of the record as it stands, about */
/* Appends the record to out and begins the next one. */
void fr_ad_writer_finish(struct fr_ad_writer *w, struct fr_buf *out);

bool fr_ad_batch_read(struct fr_str bytes, struct fr_arena *arena, struct fr_ad_batch *out) FR_MUST_USE;

#endif
