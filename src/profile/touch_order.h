/* touch_order.h - the order in which things leave a bounded memory: by their latest touch, then bytewise by id, so that equal
 * times go the same way whatever the order of arrival. Private to profile/. */
#ifndef FR_PROFILE_TOUCH_ORDER_H
#define FR_PROFILE_TOUCH_ORDER_H

#include "freshet/base/clock.h"
#include "freshet/base/dict.h"

/* <0, 0, >0. Ids are numbers of the dictionary, which is borrowed. */
static inline int fr_touch_cmp(const struct fr_dict *ids, fr_time_ms t, uint32_t id, fr_time_ms other_t,
                               uint32_t other_id) {
    if (t != other_t) return t < other_t ? -1 : 1;
    return id == other_id ? 0 : fr_str_cmp(fr_dict_str(ids, id), fr_dict_str(ids, other_id));
}

#endif
