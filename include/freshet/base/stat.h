/* stat.h - the metrics of the process: one table gives the storage, the exposition and docs/METRICS.md.
 *
 * Each thread adds to its own block (no lock, no shared cache line); a reader sums all blocks. Names follow
 * Prometheus: base units, _total only on counters. The prefix "freshet_" is added by the exposition.
 * Threads: a block has one writer; any thread may read. */
#ifndef FR_BASE_STAT_H
#define FR_BASE_STAT_H

#include <stdatomic.h>
#include <stdint.h>

enum fr_stat_kind { FR_STAT_COUNTER, FR_STAT_GAUGE, FR_STAT_HISTOGRAM };
/* What the label of a metric ranges over; app/metrics gives the names. */
enum fr_stat_label {
    FR_LABEL_NONE,
    FR_LABEL_EVENT_TYPE,
    FR_LABEL_REJECT,
    FR_LABEL_STAGE,
    FR_LABEL_TOPIC,
    FR_LABEL_KIND
};

/* name, metric name, kind, label, help */
#define FR_STAT_MAP(X)                                                                                       \
    X(RECORDS_READ, "records_read_total", COUNTER, STAGE, "Records read from the stage's input topic.")      \
    X(RECORDS_REPLAYED, "records_replayed_total", COUNTER, STAGE,                                            \
      "Records applied silently while rebuilding state after a take-over.")                                  \
    X(EVENTS_PROCESSED, "events_processed_total", COUNTER, EVENT_TYPE, "Events applied to a profile.")       \
    X(EVENTS_REJECTED, "events_rejected_total", COUNTER, REJECT, "Records sent to the rejects topic.")       \
    X(EVENTS_DUPLICATE, "events_duplicate_total", COUNTER, NONE,                                             \
      "Events dropped because their id was seen.")                                                           \
    X(EVENTS_LATE, "events_late_total", COUNTER, NONE, "Events older than the lateness bound.")              \
    X(EVENTS_NO_CONSENT, "events_no_consent_total", COUNTER, NONE,                                           \
      "Events not applied because their user refused consent.")                                              \
    X(EVENTS_MISROUTED, "events_misrouted_total", COUNTER, NONE,                                             \
      "Events whose partition is not the one murmur2 gives their user.")                                     \
    X(DELTAS_APPLIED, "affinity_deltas_applied_total", COUNTER, NONE,                                        \
      "Affinity deltas added to item states.")                                                               \
    X(PAIRS_PRUNED, "affinity_pairs_pruned_total", COUNTER, NONE, "Pairs dropped by the bound per item.")    \
    X(LISTS_PUBLISHED, "recommendations_published_total", COUNTER, NONE, "Recommendation lists published.")  \
    X(LISTS_FALLBACK, "recommendation_fallback_total", COUNTER, NONE, "Lists made of popular items only.")   \
    X(NEIGHBORS_PUBLISHED, "item_neighbors_published_total", COUNTER, NONE, "Neighbour lists published.")    \
    X(OUTPUT_RECORDS, "output_records_total", COUNTER, STAGE, "Records produced in committed transactions.") \
    X(OUTPUT_BYTES, "output_bytes_total", COUNTER, STAGE, "Bytes of keys and values produced.")              \
    X(TXN_COMMITTED, "kafka_txn_commits_total", COUNTER, STAGE, "Transactions committed.")                   \
    X(TXN_ABORTED, "kafka_txn_aborts_total", COUNTER, STAGE, "Transactions aborted and sent again.")         \
    X(TXN_DOUBTFUL, "kafka_txn_doubtful_total", COUNTER, STAGE,                                              \
      "Transactions whose outcome was read back from the committed offset.")                                 \
    X(REBALANCES, "kafka_rebalances_total", COUNTER, STAGE, "Times the assignment changed.")                 \
    X(STORE_COMMITS, "redis_commits_total", COUNTER, STAGE, "Guarded state commits that took effect.")       \
    X(STORE_COMMIT_BYTES, "redis_commit_bytes_total", COUNTER, STAGE, "Bytes of state written.")             \
    X(STORE_KEYS_LOADED, "redis_keys_loaded_total", COUNTER, STAGE, "State keys read.")                      \
    X(STORE_RETRIES, "redis_retries_total", COUNTER, STAGE, "Redis operations tried again.")                 \
    X(PARTITIONS_DROPPED, "partitions_dropped_total", COUNTER, STAGE,                                        \
      "Partitions whose memory was dropped because a guard failed or another instance took over.")           \
    X(PARTITIONS_OWNED, "kafka_assigned_partitions", GAUGE, STAGE, "Partitions owned now.")                  \
    X(STATE_KEYS, "state_keys_resident", GAUGE, STAGE, "State keys held in memory.")                         \
    X(STATE_BYTES, "state_resident_bytes", GAUGE, STAGE, "Memory of resident state, estimated.")             \
    X(STATE_BEHIND, "state_uncommitted_records", GAUGE, STAGE,                                               \
      "Records committed to Kafka whose state is not in Redis yet.")                                         \
    X(LAST_RECORD_TIME, "last_record_timestamp_seconds", GAUGE, STAGE, "Time of the last record applied.")   \
    X(EXAMPLES_LEARNT, "examples_learnt_total", COUNTER, NONE, "Examples that the learner has learnt from.") \
    X(LESSONS_LEARNT, "lessons_learnt_total", COUNTER, NONE, "Examples that the blend has learnt from.")     \
    X(MODELS_PUBLISHED, "models_published_total", COUNTER, NONE, "Snapshots of live models published.")      \
    X(LISTS_BLENDED, "lists_blended_total", COUNTER, NONE, "Lists made with a learnt model.")                \
    X(LISTS_SWEPT, "lists_swept_total", COUNTER, NONE,                                                       \
      "Lists made again because another bundle came into force.")                                            \
    X(LISTS_JUDGED, "live_judged_total", COUNTER, NONE, "Lists held to what their users took to next.")      \
    X(LISTS_HIT, "live_hits_total", COUNTER, NONE, "Of those, lists that had it.")                           \
    X(BUNDLES_MISSING, "bundles_missing_total", COUNTER, NONE,                                               \
      "Bundles that were to come into force and are not in Redis.")                                          \
    X(AD_EXAMPLES_LEARNT, "ad_examples_learnt_total", COUNTER, NONE,                                         \
      "Impressions that the click and the conversion model have learnt from, each counted.")                 \
    X(AD_ANSWERS_LATE, "ad_answers_late_total", COUNTER, NONE,                                               \
      "Clicks and conversions that came after their window and corrected what was learnt.")                  \
    X(AD_ANSWERS_UNKNOWN, "ad_answers_unknown_total", COUNTER, NONE,                                         \
      "Clicks and conversions whose impression the models do not know, or no longer.")                       \
    X(AD_EXAMPLES_LEFT_OUT, "ad_examples_left_out_total", COUNTER, NONE,                                     \
      "Impressions not learnt from because too many wait for their answer, each model counted.")             \
    X(AD_EXAMPLES_FORGOTTEN, "ad_examples_forgotten_total", COUNTER, NONE,                                   \
      "Waiting impressions taken out because their user refused or was deleted, each model counted.")        \
    X(AD_SCORES_PUBLISHED, "ad_scores_published_total", COUNTER, NONE, "Records of ad scores published.")    \
    X(AD_CAMPAIGNS_SCORED, "ad_campaigns_scored_total", COUNTER, NONE, "Campaigns scored for a user.")       \
    X(AD_CAMPAIGNS_BARRED, "ad_campaigns_barred_total", COUNTER, NONE,                                       \
      "Campaigns that target a user and were not eligible.")                                                 \
    X(AD_PERMITS_GIVEN, "ad_permits_given_total", COUNTER, NONE,                                             \
      "Permits given: scores of hard campaigns that allow one impression each.")                             \
    X(AD_PERMITS_WANTING, "ad_permits_wanting_total", COUNTER, NONE,                                         \
      "Scores that hard campaigns barred as uncovered: nothing of the budget was free.")                     \
    X(AUDIENCES_PUBLISHED, "audiences_published_total", COUNTER, NONE,                                       \
      "Records of users' segments published.")                                                               \
    X(LEDGERS_UNREADABLE, "ledgers_unreadable_total", COUNTER, NONE,                                         \
      "Times that a stored ledger could not be read, which stops its partition's pacing.")                   \
    X(PROPENSITIES_PUBLISHED, "propensities_published_total", COUNTER, NONE,                                 \
      "Records of users' propensities published, withdrawn ones too.")                                       \
    X(BATCH_RECORDS, "batch_records", HISTOGRAM, STAGE, "Records in a batch.")                               \
    X(BATCH_SECONDS, "batch_process_duration_seconds", HISTOGRAM, STAGE, "Load and apply of one batch.")     \
    X(TXN_SECONDS, "kafka_txn_duration_seconds", HISTOGRAM, STAGE, "Begin to committed of one transaction.") \
    X(STORE_SECONDS, "redis_commit_duration_seconds", HISTOGRAM, STAGE, "One guarded state commit.")         \
    X(LOAD_SECONDS, "redis_load_duration_seconds", HISTOGRAM, STAGE, "Loading the keys of one batch.")       \
    X(LIST_LATENCY, "event_to_list_latency_seconds", HISTOGRAM, NONE,                                        \
      "From a record's timestamp to the commit of the list it changed.")

enum fr_stat_id {
#define FR_STAT_ENUM(name, metric, kind, label, help) FR_STAT_##name,
    FR_STAT_MAP(FR_STAT_ENUM)
#undef FR_STAT_ENUM
        FR_STAT_N
};

enum { FR_STAT_LABELS = 64, FR_STAT_BUCKETS = 26 };

/* Bucket i of a histogram counts values <= fr_stat_bound(i): a 1-2-5 ladder from 0.0001 to 10,000; the last
 * is +Inf. */
double fr_stat_bound(unsigned bucket);

struct fr_stat_histogram {
    _Atomic uint64_t counts[FR_STAT_BUCKETS];
    _Atomic double sum;
};

struct fr_stat_block {
    _Atomic uint64_t values[FR_STAT_N][FR_STAT_LABELS];
    struct fr_stat_histogram *histograms[FR_STAT_N][4]; /* by label index, made by fr_stat_block_new */
};

struct fr_stat_block *fr_stat_block_new(void); /* gives; free with fr_stat_block_free */
void fr_stat_block_free(struct fr_stat_block **block);

/* Adds n to a counter. label < FR_STAT_LABELS, 0 for unlabelled metrics. A NULL block counts nothing. */
static inline void fr_stat_add(struct fr_stat_block *s, enum fr_stat_id id, unsigned label, uint64_t n) {
    if (!s) return;
    _Atomic uint64_t *v = &s->values[id][label];
    atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void fr_stat_set(struct fr_stat_block *s, enum fr_stat_id id, unsigned label, uint64_t value) {
    if (s) atomic_store_explicit(&s->values[id][label], value, memory_order_relaxed);
}

static inline uint64_t fr_stat_get(const struct fr_stat_block *s, enum fr_stat_id id, unsigned label) {
    return s ? atomic_load_explicit(&s->values[id][label], memory_order_relaxed) : 0;
}

/* Adds one observation to a histogram (label < 4). */
void fr_stat_observe(struct fr_stat_block *s, enum fr_stat_id id, unsigned label, double value);

#endif
