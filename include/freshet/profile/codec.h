/* codec.h - a user's state as bytes (MessagePack, docs/STATE.md) and as JSON for people.
 *
 * Promise   version 1, which knew no ads, is read too. Equal states give equal bytes; decode(encode(u)) equals u; an empty user is 0 bytes. Decoding is
 *           total: any bytes give a state that fr_user_check accepts, or FR_STATE_CORRUPT and an empty user;
 *           it never allocates more than a small multiple of the input.
 * Threads   one owner of user, dictionary and buffer.
 * Memory    the caller's. */
#ifndef FR_PROFILE_CODEC_H
#define FR_PROFILE_CODEC_H

#include "freshet/profile/user.h"

enum { FR_USER_VERSION = 2 };

/* Appends to out. */
void fr_user_encode(const struct fr_user *u, const struct fr_profile_rules *rules, const struct fr_dict *ids,
                    struct fr_buf *out);
/* u must be empty. Ids are interned. */
enum fr_err fr_user_decode(struct fr_user *u, struct fr_str bytes, const struct fr_profile_rules *rules,
                           struct fr_dict *ids, struct fr_errmsg *msg) FR_MUST_USE;

/* One object without a line end. full: also what the state knows beyond what is usually asked (live times,
 * waiting undos, horizon). Ids ascend bytewise. */
void fr_user_json(struct fr_buf *out, struct fr_str user_id, const struct fr_user *u,
                  const struct fr_profile_rules *rules, const struct fr_dict *ids, bool full);

#endif
