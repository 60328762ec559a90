/* config.h - the settings of the program: plain data, filled from one table.
 *
 * A setting's value comes from, the last one wins: the table's default, the YAML file, the environment
 * (kafka.bootstrap_servers is FRESHET_KAFKA_BOOTSTRAP_SERVERS), --set kafka.bootstrap_servers=...
 *
 * Promise   every problem is found in one pass and said as "file:line:column: key: problem (hint)"; any bytes
 *           are read as YAML without a crash. The table gives parser, defaults, the sample file and the docs.
 * Not       no reload, no text interpolation; nothing is connected to or looked up.
 * Threads   one loads, then any may read.
 * Memory    owns its texts until fr_config_fini. Texts are never NULL, "" means not set. */
#ifndef FR_APP_CONFIG_H
#define FR_APP_CONFIG_H

#include "freshet/base/arena.h"
#include "freshet/base/buf.h"
#include "freshet/event/event.h"

enum { FR_CONFIG_ROWS_MAX = 160 };

/* One member of a list (name is "") or of a map. */
struct fr_config_member {
    const char *name, *value;
    uint32_t line, column; /* 0: not from a file */
};

struct fr_config_list {
    struct fr_config_member *at; /* [n] */
    uint32_t n;
};

enum fr_config_source { FR_CONFIG_DEFAULT, FR_CONFIG_FILE, FR_CONFIG_ENVIRONMENT, FR_CONFIG_OPTION };

struct fr_config_origin {
    enum fr_config_source source;
    uint32_t line, column; /* FILE */
};

struct fr_config {
    const char *topic_prefix;
    struct {
        const char *bootstrap_servers;
        const char *group_id;    /* a stage's group is <group_id>-<stage> */
        const char *instance_id; /* "": the host's name */
        int64_t partitions, replication_factor, retention_ms;
        struct fr_config_list properties; /* a map: librdkafka's own names */
        int64_t max_batch_records, transaction_timeout_ms;
    } kafka;
    struct {
        const char *url, *username, *password_file;
        int64_t connect_timeout_ms, command_timeout_ms, commit_interval_ms;
        bool list_views;
    } redis;
    struct {
        const char *listen; /* "off" or address:port */
    } http;
    struct {
        int64_t level, format; /* enum fr_log_level, enum fr_log_format */
    } log;
    struct {
        int64_t weights[FR_EVENT_TYPE_N];
        struct fr_config_list type_names; /* a map: their name -> ours; every value is an event type's text */
        int64_t unknown_types;            /* enum fr_unknown_type */
        int64_t max_bytes, max_future_ms, lateness_ms, max_per_minute;
        fr_time_ms earliest_time;
    } events;
    struct {
        int64_t history_items, times_kept, followees, sharers, exposures, recent_ids, attributes,
            session_gap_ms;
        struct fr_config_list group_by;
    } profile;
    struct {
        int64_t epoch_ms, half_life_epochs, window_epochs, pairs_per_item, neighbors;
        int64_t trend_half_life_epochs, publish_interval_ms, publish_per_batch;
    } affinity;
    struct {
        int64_t items, seeds, reasons, popular_items;
        double shrinkage, group_weight, trend_weight;
        int64_t hide_seen; /* enum fr_seen */
        int64_t list_ttl_ms;
        const char *surface;
    } recommend;
    struct {
        bool blend;
        int64_t votes, lessons_per_s, snapshot_ms;
        double diversity, exploration;
        int64_t refit_interval_ms, threads, niceness, tune_ms, near, users_most, items_most, keep;
        double holdout_share, alpha;
        struct fr_config_list families;
        const char *parameters; /* a file; "": none */
    } models;
    struct fr_config_list surfaces; /* a tree: app/surfaces.h */
    struct {
        bool ads, score_views, tell_withheld;
        double exploration;
        int64_t consent; /* 0: not refused; 1: given */
        const char *surface, *audience_salt;
        int64_t score_ttl_ms, scores_most, bought_ms;
        int64_t model_bits, click_window_ms, conversion_window_ms, late_ms, waiting_most, ad_snapshot_ms;
    } targeting;
    struct {
        struct fr_config_list tasks;
        int64_t model; /* enum fr_propensity_kind */
        int64_t horizon_days, every_days, warmup_days, recent_days, rows_most;
        double change;
    } propensities;
    struct {
        struct fr_config_list stages;
        int64_t workers, state_cache_bytes, drain_timeout_ms;
    } run;

    const char *file; /* "": none */
    struct fr_config_origin origins[FR_CONFIG_ROWS_MAX];
    struct fr_arena text;
};

enum fr_config_kind {
    FR_CONFIG_TEXT,
    FR_CONFIG_INT,
    FR_CONFIG_NUMBER,
    FR_CONFIG_BOOL,
    FR_CONFIG_CHOICE, /* stored as int64_t: its place among the choices */
    FR_CONFIG_TIME,   /* RFC 3339, stored as fr_time_ms */
    FR_CONFIG_LIST,
    FR_CONFIG_MAP,
    FR_CONFIG_TREE, /* sections and lists of texts at any depth; a member's name is its path, places in a list count from 0 */
};

struct fr_config_row {
    const char *path;
    enum fr_config_kind kind;
    bool secret; /* credentials in it are not shown */
    size_t offset;
    const char *standard; /* the default, as it would be written after --set path= */
    double least, most;   /* INT, NUMBER */
    const char *unit;     /* "ms", "bytes", ...; "" */
    const char *choices;  /* CHOICE; LIST and MAP: what a value may be; "a|b|c" or "" */
    const char *help;
};

const struct fr_config_row *fr_config_rows(uint32_t *n);
/* NULL when there is none of this path. */
const struct fr_config_row *fr_config_row_find(struct fr_str path);

struct fr_config_inputs {
    const char *file;               /* NULL: none */
    struct fr_str text;             /* if its ptr is not NULL: the file's contents, file is only its name */
    const char *const *environment; /* NULL: none; else as environ, NULL-terminated */
    const char *const *sets;        /* "path=value" */
    uint32_t set_n;
};

/* Fills config, which need not be initialised and is to be released with fr_config_fini in every case.
 * Returns an exit code: 0, 66 (the file cannot be read) or 78, and then problems has one line each. */
int fr_config_load(struct fr_config *config, const struct fr_config_inputs *inputs, struct fr_buf *problems);
void fr_config_fini(struct fr_config *config);

/* Every setting with its value and where it is from; credentials are shown as ***. */
void fr_config_show(const struct fr_config *config, struct fr_buf *out);
void fr_config_show_json(const struct fr_config *config, struct fr_buf *out);
/* config/freshet.yaml and docs/CONFIGURATION.md. */
void fr_config_sample(struct fr_buf *out);
void fr_config_docs(struct fr_buf *out);

#endif
