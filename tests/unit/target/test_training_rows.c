#include "check.h"
#include "freshet/target/training_rows.h"

static const fr_time_ms DAY = 86400000;

static struct fr_event_rules events;
static struct fr_profile_rules rules;
static struct fr_dict ids;
static struct fr_catalog catalog;
static struct fr_arena arena;

static struct fr_event event_at(double day, enum fr_event_type type, const char *user, const char *item,
                                double price) {
    struct fr_event e = {.type = type,
                         .user_id = fr_str_of(user),
                         .item_id = fr_str_of(item),
                         .time_ms = 1000 * DAY + (fr_time_ms)(day * (double)DAY),
                         .has_time = true,
                         .price = price,
                         .event_value = (double)NAN,
                         .quantity = 1,
                         .position = -1,
                         .schema_version = 1};
    return e;
}

enum { LOG = 11 };
static struct fr_event log_of[LOG];

/* ann buys bread on days 0 and 9, milk on 12, tea on 21; bob views on 8, buys bread on 15 and, half an hour after day 27, tea;
 * eve views and then refuses. */
static void make_log(void) {
    struct fr_event refusal = event_at(1, FR_EVENT_USER_UPSERT, "eve", "", (double)NAN);
    refusal.consent = FR_CONSENT_REFUSED;
    log_of[0] = event_at(0, FR_EVENT_PURCHASE, "ann", "bread", 2);
    log_of[1] = event_at(.5, FR_EVENT_VIEW, "eve", "milk", (double)NAN);
    log_of[2] = refusal;
    log_of[3] = event_at(8, FR_EVENT_VIEW, "bob", "milk", (double)NAN);
    log_of[4] = event_at(9, FR_EVENT_PURCHASE, "ann", "bread", 3);
    log_of[5] = event_at(12, FR_EVENT_PURCHASE, "ann", "milk", 1);
    log_of[6] = event_at(15, FR_EVENT_PURCHASE, "bob", "bread", 3);
    log_of[7] = event_at(21, FR_EVENT_PURCHASE, "ann", "tea", 5);
    log_of[8] = event_at(22, FR_EVENT_IMPRESSION, "bob", "tea", (double)NAN);
    log_of[9] = event_at(27.02, FR_EVENT_PURCHASE, "bob", "tea", 5);
    log_of[10] = event_at(30, FR_EVENT_VIEW, "cat", "tea", (double)NAN);
}

static void put_item(const char *id, const char *broad, const char *category) {
    struct fr_str path[] = {fr_str_of(broad), fr_str_of(category)};
    struct fr_item_record item = {
        .id = fr_str_of(id), .category = path, .category_n = 2, .price = (double)NAN, .is_available = true};
    fr_catalog_put(&catalog, &item);
}

struct made {
    struct fr_propensity_features features;
    struct fr_training_rows *rows;
    const struct fr_table *table;
    const struct fr_training_row *at;
};

/* Cuts on days 10 and 20, a horizon of 7 days. */
static struct made make(const char *task_text) {
    struct made m;
    struct fr_training_task task;
    struct fr_training_schedule schedule = {1010 * DAY, 10 * DAY, 365 * DAY, false};
    CHECK(fr_training_task_read(fr_str_of(task_text), &task));
    task.horizon_ms = 7 * DAY;
    fr_propensity_features_init(&m.features, &catalog, task.category, &arena);
    m.rows = NULL;
    static struct fr_propensity_features kept;
    kept = m.features;
    m.rows = fr_training_rows_new(&task, &schedule, &kept, &rules, &ids);
    for (int i = 0; i < LOG; i++) fr_training_rows_add(m.rows, &log_of[i]);
    m.table = fr_training_rows_end(m.rows, &m.at);
    return m;
}

static float value(const struct made *m, uint32_t row, const char *name) {
    for (uint32_t c = 0; c < m->table->column_n; c++)
        if (fr_str_eq(m->table->names[c], fr_str_of(name)))
            return m->table->values[row * m->table->column_n + c];
    check_report(false, __FILE__, __LINE__, name);
    return NAN;
}

/* Rows: ann and bob on day 10, ann and bob on day 20; cat comes later, eve never. Day 30's horizon is not over. */
static void test_rows_and_features(void) {
    struct made m = make("purchase");
    CHECK_INT(m.table->row_n, 4);
    CHECK_INT(m.at[0].time_ms, 1010 * DAY);
    CHECK_INT(m.at[3].time_ms, 1020 * DAY);
    CHECK(fr_str_eq(fr_dict_str(&ids, m.at[2].user), fr_str_of("ann")));
    CHECK_NEAR(value(&m, 0, "tenure_days"), 10, 1e-6);
    CHECK_NEAR(value(&m, 0, "silent_days"), 1, 1e-6);
    CHECK_NEAR(value(&m, 0, "purchase_ever"), 2, 0);
    CHECK_NEAR(value(&m, 0, "purchase_7d"), 1, 0);
    CHECK_NEAR(value(&m, 0, "purchase_30d"), 2, 0);
    CHECK_NEAR(value(&m, 0, "days_since_purchase"), 1, 1e-6);
    CHECK_NEAR(value(&m, 0, "spent_30d"), 6, 1e-6); /* two loaves at the last known price */
    CHECK(isnan(value(&m, 0, "days_since_view")));
    CHECK(isnan(value(&m, 1, "days_since_purchase")));
    CHECK_NEAR(value(&m, 1, "days_since_view"), 2, 1e-6);
    CHECK_NEAR(value(&m, 2, "purchase_ever"), 3, 0);
    CHECK_NEAR(value(&m, 2, "purchase_7d"), 0, 0);
    CHECK_NEAR(value(&m, 2, "purchase_30d"), 3, 0);
    CHECK_NEAR(value(&m, 2, "share_of_food"), 1, 1e-6);
    CHECK_NEAR(value(&m, 2, "share_of_home"), 0, 0);
    CHECK_NEAR(value(&m, 3, "silent_days"), 5, 1e-6);
    fr_training_rows_free(m.rows);
}

static void check_labels(const char *task, const char *want) {
    struct made m = make(task);
    CHECK_INT(m.table->row_n, strlen(want));
    for (uint32_t i = 0; i < m.table->row_n; i++) CHECK_INT(m.table->labels[i], want[i] == 'y');
    fr_training_rows_free(m.rows);
}

/* Of ann and bob, days 10 to 17, then 20 to 27. An impression is no act. */
static void test_labels(void) {
    check_labels("purchase", "yyyn");
    check_labels("active", "yyyn");
    check_labels("churn", "nnny");
    check_labels("conversion", "nnnn");
    check_labels("category:baked", "nynn");
    check_labels("category:drinks", "ynyn");
}

static void test_target_features(void) {
    struct made m = make("category:baked");
    CHECK_NEAR(value(&m, 0, "target_30d"), 2, 0);
    CHECK_NEAR(value(&m, 0, "target_share"), 1, 1e-6);
    CHECK_NEAR(value(&m, 2, "target_share"), 2. / 3, 1e-6);
    CHECK_NEAR(value(&m, 2, "days_since_target"), 11, 1e-6);
    CHECK(isnan(value(&m, 1, "days_since_target")));
    fr_training_rows_free(m.rows);
}

static bool holds(const struct made *m, uint32_t row, const struct fr_training_row *claimed) {
    return fr_training_row_check(m->rows, claimed, m->table->values + row * m->table->column_n, log_of, LOG);
}

/* Every row stands the check; one that claims to be a day older than it is has seen what came after its time. */
static void test_a_planted_leak_is_caught(void) {
    struct made m = make("purchase");
    for (uint32_t i = 0; i < m.table->row_n; i++) CHECK(holds(&m, i, &m.at[i]));
    struct fr_training_row leaky = m.at[0];
    float *values = m.table->values;
    for (uint32_t c = 0; c < m.table->column_n; c++) {
        if (fr_str_eq(m.table->names[c], fr_str_of("purchase_ever")))
            values[c] += 1; /* the purchase of day 12 */
    }
    CHECK(!holds(&m, 0, &leaky));
    leaky = m.at[2];
    leaky.time_ms = 1011 * DAY; /* before the milk of day 12 that the row has */
    CHECK(!holds(&m, 2, &leaky));
    fr_training_rows_free(m.rows);
}

/* A record that comes late is not in the row of a time before it came, and still counts as what followed. */
static void test_late_records(void) {
    struct fr_event kept = log_of[5];
    log_of[5] = log_of[4];
    log_of[4] = kept; /* ann's milk of day 12 comes before her bread of day 9 */
    struct made m = make("purchase");
    CHECK_NEAR(value(&m, 0, "purchase_ever"), 1, 0);
    CHECK(holds(&m, 0, &m.at[0]));
    CHECK(m.table->labels[0]);
    fr_training_rows_free(m.rows);
    make_log();
}

static void test_tasks(void) {
    struct fr_training_task t;
    CHECK(fr_training_task_read(fr_str_of("category:GROCERY: fresh"), &t));
    CHECK(fr_str_eq(t.category, fr_str_of("GROCERY: fresh")));
    CHECK(!fr_training_task_read(fr_str_of("category"), &t));
    CHECK(!fr_training_task_read(fr_str_of("purchase:x"), &t));
    CHECK(!fr_training_task_read(fr_str_of("joy"), &t));
}

int main(void) {
    fr_event_rules_init(&events);
    fr_profile_rules_default(&rules, &events);
    fr_dict_init(&ids);
    fr_catalog_init(&catalog, &ids);
    put_item("bread", "food", "baked");
    put_item("milk", "food", "drinks");
    put_item("tea", "food", "drinks");
    put_item("lamp", "home", "light");
    make_log();
    RUN(test_rows_and_features);
    RUN(test_labels);
    RUN(test_target_features);
    RUN(test_a_planted_leak_is_caught);
    RUN(test_late_records);
    RUN(test_tasks);
    fr_catalog_fini(&catalog);
    fr_dict_fini(&ids);
    fr_event_rules_fini(&events);
    fr_arena_fini(&arena);
    return check_done();
}
