/* Who could have been shown a campaign and was not, because of being in its control group: an ad_withheld event in the log.
 *
 * Problem    lift compares people who were reached with people who could have been. That somebody could have been hangs on
 *            campaigns and rules, which change by themselves, so it cannot be made of the log again; and that it is the
 *            first time has to be remembered, in a state that is a function of the log.
 * Choice     the opportunity itself becomes an event. It goes to the user's own partition in the transaction that says the
 *            scores; when it is read the user's exposures remember it, and the ledger counts the person once. Until then
 *            memory knows that it is on its way, for it queues behind a backlog. After a restart it may be told once
 *            more; only the first changes anything. */
#include "freshet/base/json.h"
#include "stage_user_internal.h"

static void write_event(struct fr_buf *out, struct fr_str user_id, struct fr_str campaign_id,
                        fr_time_ms now_ms) {
    fr_buf_clear(out);
    fr_json_open(out, '{');
    fr_json_key(out, "event_type");
    fr_json_str(out, fr_str_of(fr_event_type_text(FR_EVENT_AD_WITHHELD)));
    fr_json_key(out, "user_id");
    fr_json_str(out, user_id);
    fr_json_key(out, "campaign_id");
    fr_json_str(out, campaign_id);
    fr_json_key(out, "timestamp");
    fr_json_int(out, now_ms);
    fr_json_close(out, '}');
}

/* Whether it was; from now on it is. */
static bool is_told(struct user_state *u, uint32_t campaign) {
    for (uint32_t i = 0; i < u->withheld_n; i++)
        if (u->withheld[i] == campaign) return true;
    if (u->withheld_n == u->withheld_cap) {
        u->withheld_cap = u->withheld_cap ? 2 * u->withheld_cap : 4;
        u->withheld = fr_realloc(u->withheld, u->withheld_cap * sizeof *u->withheld);
    }
    u->withheld[u->withheld_n++] = campaign;
    return false;
}

void user_tell_withheld(struct user_stage *s, const struct fr_stage_batch *b, struct user_state *u,
                        uint32_t campaign, fr_time_ms now_ms) {
    if (!s->rules->ads.tell_withheld || fr_exposures_find(&u->user.exposures, campaign)) return;
    if (is_told(u, campaign)) return;
    write_event(&s->text, u->user_id, fr_dict_str(&s->ids, campaign), now_ms);
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = u->cause.partition, /* where the user's state is */
                         .timestamp_ms = u->cause.timestamp_ms,
                         .key = u->user_id,
                         .value = fr_buf_slice(&s->text)};
    fr_outbox_record(b->out, &out);
}
