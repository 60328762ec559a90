#include "freshet/run/history_read.h"
#include "freshet/base/hash.h"
#include "freshet/profile/codec.h"
#include "freshet/run/states.h"

enum { PROGRESS_EVERY = 2000 };

struct reading {
    const struct fr_history_read *r;
    struct fr_histories *out;
    uint32_t all, seen;
};

static void add_history(const struct fr_user *u, struct fr_histories *out) {
    const struct fr_history *h = &u->history;
    bool any = false;
    for (uint32_t i = 0; i < h->n; i++) {
        if (h->entries[i].strength.weight <= 0) continue;
        if (!any) fr_histories_user(out);
        any = true;
        fr_histories_touch(out, h->ids[i], h->entries[i].touch_ms);
    }
}

static enum fr_err read_user(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct reading *reading = context;
    const struct fr_history_read *r = reading->r;
    struct fr_user user;
    fr_user_init(&user);
    enum fr_err err = fr_user_decode(&user, state->bytes, &r->rules->profile, &reading->out->ids, NULL);
    if (err != FR_OK) err = fr_state_corrupt(state, msg);
    if (err == FR_OK && user.consent != FR_CONSENT_REFUSED) add_history(&user, reading->out);
    fr_user_fini(&user);
    bool due = ++reading->seen % PROGRESS_EVERY == 0 && r->progress;
    if (err == FR_OK && due && !r->progress(r->context, "read", reading->seen / (double)reading->all))
        err = fr_err_set(msg, FR_TIMEOUT, "given up");
    return err;
}

/* Keeps about users_most of the list, whatever else is stored. */
static void thin_out(struct fr_state_list *list, uint32_t users_most) {
    uint32_t kept = 0, n = list->n;
    if (n <= users_most) return;
    for (uint32_t i = 0; i < n; i++)
        if ((fr_hash_str(list->at[i].id) >> 32) * (uint64_t)n >> 32 < users_most)
            list->at[kept++] = list->at[i];
    list->n = kept;
}

enum fr_err fr_histories_read(const struct fr_history_read *r, struct fr_histories *out,
                              struct fr_errmsg *msg) {
    struct fr_keys keys;
    struct fr_state_list list = {0};
    fr_histories_init(out);
    enum fr_err err = fr_state_keys(r->store, r->prefix, "user", &keys, msg);
    if (err == FR_OK) err = fr_state_list(r->store, &keys, FR_KEY_USER, &list, msg);
    if (err == FR_OK) {
        thin_out(&list, r->users_most);
        struct reading reading = {r, out, list.n, 0};
        err = fr_state_each(r->store, &list, read_user, &reading, msg);
    }
    fr_state_list_fini(&list);
    fr_keys_fini(&keys);
    return err;
}
