/* The table of settings. A row here, its member in struct fr_config, and everything else follows: parser,
 * environment variable, sample file, docs. */
#include "config_internal.h"

#define AT(member) offsetof(struct fr_config, member)
#define TEXT(path, member, standard, help) \
    { path, FR_CONFIG_TEXT, false, AT(member), standard, 0, 0, "", "", help }
#define INT(path, member, standard, least, most, unit, help) \
    { path, FR_CONFIG_INT, false, AT(member), #standard, least, most, unit, "", help }
#define NUMBER(path, member, standard, least, most, help) \
    { path, FR_CONFIG_NUMBER, false, AT(member), #standard, least, most, "", "", help }
#define BOOL(path, member, standard, help) \
    { path, FR_CONFIG_BOOL, false, AT(member), #standard, 0, 0, "", "", help }
#define CHOICE(path, member, standard, choices, help) \
    { path, FR_CONFIG_CHOICE, false, AT(member), standard, 0, 0, "", choices, help }
#define LIST(path, member, standard, choices, help) \
    { path, FR_CONFIG_LIST, false, AT(member), standard, 0, 0, "", choices, help }
#define WEIGHT(name, text, weight, undoes, needs)                                     \
    INT("events.weights." text, events.weights[FR_EVENT_##name], weight, 0, 1000, "", \
        "Weight of " text " as an interest; 0: none."),
#define TYPE_TEXT(name, text, weight, undoes, needs) text "|"

static const struct fr_config_row rows[] = {
    TEXT("topic_prefix", topic_prefix, "freshet",
         "Topics are named <prefix>.events, <prefix>.recommendations, ...; Redis keys start with it too."),

    TEXT("kafka.bootstrap_servers", kafka.bootstrap_servers, "127.0.0.1:9092",
         "Brokers to begin with: host:port, separated by commas."),
    TEXT("kafka.group_id", kafka.group_id, "",
         "Consumer groups are named <group_id>-<stage>; transactional ids start with it. Empty: "
         "topic_prefix, so "
         "that systems with their own topics have their own groups."),
    TEXT("kafka.instance_id", kafka.instance_id, "",
         "Name of this process in its groups (static membership); must differ between processes. Empty: the "
         "host's name."),
    INT("kafka.partitions", kafka.partitions, 8, 1, 10000, "",
        "Partitions of topics that `freshet topics create` makes."),
    INT("kafka.replication_factor", kafka.replication_factor, 1, 1, 100, "",
        "Replicas of topics that `freshet topics create` makes; 3 in production."),
    INT("kafka.retention_ms", kafka.retention_ms, -1, -1, 3.2e12, "ms",
        "Retention of the topics that stages read; what is gone cannot be used to rebuild state. -1: keep "
        "everything."),
    {"kafka.properties", FR_CONFIG_MAP, true, AT(kafka.properties), "", 0, 0, "", "",
     "Properties handed to librdkafka as they are (TLS, SASL, ...), for example security.protocol: SSL."},
    INT("kafka.max_batch_records", kafka.max_batch_records, 20000, 1, 1000000, "records",
        "Most records in one batch, that is, in one transaction."),
    INT("kafka.transaction_timeout_ms", kafka.transaction_timeout_ms, 60000, 1000, 900000, "ms",
        "After this the broker aborts a transaction whose process has gone."),

    {"redis.url", FR_CONFIG_TEXT, true, AT(redis.url), "redis://127.0.0.1:6379/0", 0, 0, "", "",
     "redis://host:port/db, unix:///path/to/socket or redis+cluster://host:port,host:port."},
    TEXT("redis.username", redis.username, "", "ACL user; empty: the URL's."),
    TEXT("redis.password_file", redis.password_file, "",
         "File whose first line is the password; empty: the URL's."),
    INT("redis.connect_timeout_ms", redis.connect_timeout_ms, 2000, 10, 600000, "ms",
        "How long a connection may take."),
    INT("redis.command_timeout_ms", redis.command_timeout_ms, 10000, 10, 600000, "ms",
        "A connection that is silent for longer counts as broken."),
    INT("redis.commit_interval_ms", redis.commit_interval_ms, 500, 0, 600000, "ms",
        "Time between two state commits of a partition of users; ten times as long for items, which change "
        "with "
        "every event. Longer: fewer writes, and more to replay after a crash."),
    BOOL("redis.list_views", redis.list_views, false,
         "Also write each user's list to Redis, for readers that do not read Kafka."),

    TEXT("http.listen", http.listen, "127.0.0.1:9464",
         "address:port of health checks and metrics, or off. There is no password: keep it on a loopback "
         "address or a private network."),

    CHOICE("log.level", log.level, "info", "debug|info|warn|error", "The least level that is written."),
    CHOICE("log.format", log.format, "logfmt", "logfmt|json", "Shape of a log line on standard error."),

    FR_EVENT_TYPE_MAP(WEIGHT){
        "events.type_names", FR_CONFIG_MAP, false, AT(events.type_names), "", 0, 0, "",
        FR_EVENT_TYPE_MAP(TYPE_TEXT),
        "Your names of event types and what they mean here, for example product_viewed: "
        "view."},
    CHOICE("events.unknown_types", events.unknown_types, "reject", "reject|other",
           "What becomes of an event whose type is not known: to the rejects topic, or counted as other."),
    INT("events.max_bytes", events.max_bytes, 262144, 64, 16777216, "bytes", "Largest record accepted."),
    INT("events.max_future_ms", events.max_future_ms, 300000, 0, 3.2e12, "ms",
        "How far ahead of its record's timestamp an event's time may be."),
    INT("events.lateness_ms", events.lateness_ms, 3600000, 0, 3.2e12, "ms",
        "How far behind its partition's watermark an event may be."),
    INT("events.max_per_minute", events.max_per_minute, 600, 0, 1000000, "",
        "Events of one user in a minute of event time; more are rejected. 0: no cap."),
    {"events.earliest_time", FR_CONFIG_TIME, false, AT(events.earliest_time), "2000-01-01T00:00:00.000Z", 0,
     0, "", "", "Events before this are rejected."},

    INT("profile.history_items", profile.history_items, 50, 1, 1000, "", "Items in a user's history."),
    INT("profile.times_kept", profile.times_kept, 4, 1, 8, "", "Times kept per item and behaviour."),
    INT("profile.followees", profile.followees, 200, 1, 1000, "", "Followed users kept per user."),
    INT("profile.sharers", profile.sharers, 50, 1, 1000, "", "Users kept who shared something with a user."),
    INT("profile.exposures", profile.exposures, 100, 1, 1000, "",
        "Campaigns kept per user, the latest shown: frequency caps are exact for these."),
    INT("profile.recent_ids", profile.recent_ids, 64, 0, 4096, "",
        "Event ids remembered per user, to drop duplicates."),
    INT("profile.attributes", profile.attributes, 64, 1, 64, "", "Attributes kept per user."),
    INT("profile.session_gap_ms", profile.session_gap_ms, 1800000, 1000, 8.64e7, "ms",
        "A longer pause begins a new session."),
    LIST("profile.group_by", profile.group_by, "", "",
         "Attributes whose values make a user's demographic group, at most 4, for example [age_band, "
         "gender]."),

    INT("affinity.epoch_ms", affinity.epoch_ms, 86400000, 1000, 3.2e10, "ms",
        "Length of an epoch, the grain of decay. State made under another value is refused."),
    INT("affinity.half_life_epochs", affinity.half_life_epochs, 14, 1, 10000, "epochs",
        "Age at which a weight counts half."),
    INT("affinity.window_epochs", affinity.window_epochs, 60, 1, 100000, "epochs",
        "Buckets this old or older are not read."),
    INT("affinity.pairs_per_item", affinity.pairs_per_item, 256, 4, 65536, "", "Pairs kept per item."),
    INT("affinity.neighbors", affinity.neighbors, 50, 1, 1000, "", "Neighbours published per item."),
    INT("affinity.trend_half_life_epochs", affinity.trend_half_life_epochs, 2, 1, 10000, "epochs",
        "Half-life of trends; shorter than affinity.half_life_epochs, or trends are popularity."),
    INT("affinity.publish_interval_ms", affinity.publish_interval_ms, 1000, 0, 3600000, "ms",
        "An item's neighbours are published at most this often."),
    INT("affinity.publish_per_batch", affinity.publish_per_batch, 2000, 1, 1000000, "",
        "Neighbour lists published in one batch; the rest wait."),

    INT("recommend.items", recommend.items, 20, 1, 200, "", "Length of a list."),
    INT("recommend.seeds", recommend.seeds, 20, 0, 100, "", "Items of the history that speak for others."),
    INT("recommend.reasons", recommend.reasons, 2, 1, 10, "", "Reasons named per item; the rest are summed."),
    INT("recommend.popular_items", recommend.popular_items, 50, 0, 200, "",
        "Popular and trending items that are candidates."),
    NUMBER("recommend.shrinkage", recommend.shrinkage, 2, 0, 1000000,
           "A pair counted this often is believed by half."),
    NUMBER("recommend.group_weight", recommend.group_weight, 0.01, 0, 1,
           "Share of a score for what is popular in the user's group."),
    NUMBER("recommend.trend_weight", recommend.trend_weight, 0.005, 0, 1,
           "Share of a score for what is trending; together with group_weight below 1."),
    CHOICE("recommend.hide_seen", recommend.hide_seen, "any", "none|any|purchased",
           "Which items of the history are kept out of the list; disliked ones always are."),
    INT("recommend.list_ttl_ms", recommend.list_ttl_ms, 3600000, 1000, 3.2e10, "ms",
        "Expiry time of a list after it was made."),
    TEXT("recommend.surface", recommend.surface, "default", "Name of the place where lists are shown."),

    BOOL("models.blend", models.blend, true,
         "Learn from what people do next and make lists with what was learnt; false: neighbours and "
         "popularity."),
    INT("models.votes", models.votes, 60, 10, 1000, "", "Candidates asked of each source."),
    INT("models.lessons_per_s", models.lessons_per_s, 200, 0, 1000000, "",
        "The blend learns from so many examples a second of event time, and from one in 32 whatever the "
        "time; "
        "0: from all. Sources learn from all."),
    INT("models.snapshot_ms", models.snapshot_ms, 2000, 100, 3600000, "ms",
        "Between two snapshots of the live model, at least; large models come less often."),
    NUMBER("models.diversity", models.diversity, 0, 0, 1, "How much a list avoids items that are alike."),
    NUMBER("models.exploration", models.exploration, 0, 0, 0.5,
           "Share of a list's places given to exploration."),
    INT("models.refit_interval_ms", models.refit_interval_ms, 21600000, 0, 3.2e10, "ms",
        "Models are fitted anew when the latest fit is older; 0: only by `freshet models fit`."),
    LIST("models.families", models.families, "spectral,als,content", "",
         "Models that a refit fits, content when there is a catalogue; see docs/MODELS.md."),
    TEXT("models.parameters", models.parameters, "",
         "File of hyper-parameters and blend, as `freshet eval split --save-params` writes it; what it lacks "
         "is "
         "chosen by the refit."),
    INT("models.tune_ms", models.tune_ms, 120000, 0, 3.2e10, "ms",
        "Time that a refit may take to choose hyper-parameters, on a part of the training data; 0: standard "
        "values."),
    INT("models.near", models.near, 200, 0, 1000, "",
        "Neighbours of each item that a fitted model is published as, so that a list costs the same whatever "
        "the "
        "catalogue; 0: the model as it is, which scores the whole catalogue for each list."),
    INT("models.threads", models.threads, 1, 1, 64, "", "Threads of a refit: its core budget."),
    INT("models.niceness", models.niceness, 10, 0, 19, "", "Niceness of a refit's threads."),
    INT("models.users_most", models.users_most, 1000000, 100, 1e9, "",
        "Histories that a refit reads at most: a sample of the users if there are more."),
    INT("models.items_most", models.items_most, 100000, 10, 1e8, "",
        "Items that a refit knows at most: those that most users touched."),
    NUMBER("models.holdout_share", models.holdout_share, 0.1, 0.001, 0.9,
           "Share of the interactions, the latest, that a candidate is judged by and not fitted on."),
    NUMBER(
        "models.alpha", models.alpha, 0.05, 0.000001, 0.5,
        "How often a candidate as good as what is in force may be refused; smaller: only what is certainly "
        "worse is."),
    INT("models.keep", models.keep, 5, 1, 100, "",
        "Bundles kept in Redis, besides the one in force and its parent."),

    {"surfaces", FR_CONFIG_TREE, false, AT(surfaces), "", 0, 0, "", "",
     "Rules of the places where lists are shown, by name: {home: {items: 20, hide: [purchase], hide_for_ms: "
     "0, "
     "hide_unavailable: true, filters: [\"price<=100\"], boosts: {\"brand=acme\": 1.2}, rotation: 0.1, "
     "diversity: 0.3, "
     "exploration: 0.05, exploring: thompson}}. The list of recommend.surface follows those of its name. "
     "docs/RECOMMENDATIONS.md says what they do."},

    BOOL("targeting.ads", targeting.ads, true,
         "Follow the campaigns topic and say what each campaign is worth for each user; false: nothing of "
         "ads runs."),
    CHOICE("targeting.consent", targeting.consent, "not_refused", "not_refused|given",
           "Who may be scored, learnt from and counted: everybody who has not refused, or only who has "
           "agreed."),
    BOOL("targeting.tell_withheld", targeting.tell_withheld, true,
         "The first time that somebody of a control group could have been shown a campaign becomes an "
         "ad_withheld event. "
         "false: the ad server sends these, when it would have shown it."),
    BOOL("targeting.score_views", targeting.score_views, false,
         "Also write each user's ad scores to Redis, for an ad server that asks."),
    TEXT("targeting.surface", targeting.surface, "default",
         "Name of the place that ad scores are made for, as ad events have it."),
    TEXT("targeting.audience_salt", targeting.audience_salt, "",
         "Any text that nobody else knows, and that stays: the noise of estimated audiences hangs on it."),
    INT("targeting.score_ttl_ms", targeting.score_ttl_ms, 900000, 1000, 3.2e10, "ms",
        "Expiry time of ad scores after they were made."),
    INT("targeting.scores_most", targeting.scores_most, 50, 1, 20000, "",
        "Campaigns scored for a user at most, the best by priority and by their own rates; the rest is "
        "counted."),
    NUMBER(
        "targeting.exploration", targeting.exploration, 0.05, 0, 1,
        "With this probability a campaign with fewer than 1,000 impressions is put first, each of those with "
        "the highest priority alike; the record has the propensity."),
    INT("targeting.bought_ms", targeting.bought_ms, 2592000000, 0, 3.2e12, "ms",
        "How long a purchase keeps campaigns away that promote what was bought."),
    INT("targeting.model_bits", targeting.model_bits, 18, 10, 20, "",
        "Size of the click and the conversion model: 2^bits weights, and running rates and users in "
        "proportion; 18: 13 MiB each, one more doubles it. State made under another value is refused, here "
        "and for the four below."),
    INT("targeting.click_window_ms", targeting.click_window_ms, 1800000, 0, 3.2e9, "ms",
        "An impression waits so long for its click before it is learnt as not clicked."),
    INT("targeting.conversion_window_ms", targeting.conversion_window_ms, 86400000, 0, 3.2e10, "ms",
        "The same for a conversion."),
    INT("targeting.late_ms", targeting.late_ms, 3600000, 0, 3.2e10, "ms",
        "A click or conversion that comes after its window, but not later than this after it, still corrects "
        "what was learnt."),
    INT("targeting.waiting_most", targeting.waiting_most, 65536, 16, 262144, "",
        "Impressions that wait at most, for clicks and for conversions each, about 700 bytes apiece; when "
        "more are shown, fewer people are learnt from."),
    INT("targeting.ad_snapshot_ms", targeting.ad_snapshot_ms, 5000, 100, 3600000, "ms",
        "Between two snapshots of the ad models, at least; large ones come less often."),

    LIST("propensities.tasks", propensities.tasks, "purchase,active", "purchase|active|churn|conversion",
         "What is foretold of each user: whether they will buy, do anything, do nothing, convert on an ad. "
         "None: "
         "nothing is."),
    CHOICE("propensities.model", propensities.model, "boosting", "logistic|forest|boosting|mlp|ensemble",
           "What is fitted; see docs/TARGETING.md."),
    INT("propensities.horizon_days", propensities.horizon_days, 7, 1, 365, "", "Within how many days."),
    INT("propensities.every_days", propensities.every_days, 7, 1, 365, "",
        "Days from one cut of the log to the next; each cut gives a row for each user to learn from."),
    INT("propensities.warmup_days", propensities.warmup_days, 7, 0, 365, "",
        "Days of the log before the first cut."),
    INT("propensities.recent_days", propensities.recent_days, 90, 1, 3650, "",
        "Users who were silent for longer at a cut give no row."),
    INT("propensities.rows_most", propensities.rows_most, 1000000, 1000, 50000000, "",
        "Rows that are learnt from and judged by at most, about 400 bytes each: where a log has more, a "
        "share of its "
        "users is taken."),
    NUMBER("propensities.change", propensities.change, 0.05, 0, 1,
           "A probability that has moved so far since it was said is said again."),

    LIST("run.stages", run.stages, "user,aggregate,learner,campaigns", "user|aggregate|learner|campaigns",
         "Stages that `freshet run` runs."),
    INT("run.workers", run.workers, 1, 1, 64, "", "Threads per stage, each with partitions of its own."),
    INT("run.state_cache_bytes", run.state_cache_bytes, 536870912, 1048576, 1.1e12, "bytes",
        "Memory for states, over all workers."),
    INT("run.drain_timeout_ms", run.drain_timeout_ms, 30000, 0, 3600000, "ms",
        "How long a stop may take to finish what is under way."),
};

_Static_assert(sizeof rows / sizeof *rows <= FR_CONFIG_ROWS_MAX, "an origin for every row");

const struct fr_config_row *fr_config_rows(uint32_t *n) {
    *n = sizeof rows / sizeof *rows;
    return rows;
}

const struct fr_config_row *fr_config_row_find(struct fr_str path) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fr_str_eq(path, fr_str_of(rows[i].path))) return &rows[i];
    return NULL;
}

bool fr_config_is_section(struct fr_str path) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(rows[i].path, path.ptr, path.len) == 0 && rows[i].path[path.len] == '.') return true;
    return false;
}
