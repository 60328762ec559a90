#include "freshet/affinity/item_json.h"
#include "item_runs.h"
#include "freshet/base/json.h"
#include <stdio.h>
#include <stdlib.h>

void fr_neighbors_json(const struct fr_neighbors *neighbors, const struct fr_dict *dict,
                       struct fr_str item_id, fr_time_ms generated_at_ms, struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "schema_version");
    fr_json_int(out, 1);
    fr_json_key(out, "item_id");
    fr_json_str(out, item_id);
    fr_json_key(out, "generated_at");
    fr_json_time(out, generated_at_ms);
    fr_json_key(out, "epoch");
    fr_json_int(out, neighbors->epoch);
    fr_json_key(out, "count");
    fr_json_number(out, neighbors->count);
    fr_json_key(out, "neighbors");
    fr_json_open(out, '[');
    for (const struct fr_neighbor *a = neighbors->at, *end = a + neighbors->n; a < end; a++) {
        fr_json_open(out, '{');
        fr_json_key(out, "item_id");
        fr_json_str(out, fr_dict_str(dict, a->item));
        fr_json_key(out, "similarity");
        fr_json_number(out, a->similarity);
        fr_json_key(out, "pair_count");
        fr_json_number(out, a->pair);
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
    fr_json_close(out, '}');
}

/* What the parts of a dump line share. */
struct dump {
    const struct fr_item *item;
    const struct fr_decay *decay;
    const struct fr_dict *dict;
    int32_t epoch;
    struct fr_item_run *runs;
    struct fr_buf *out;
};

static bool is_readable(const struct dump *d, uint32_t bucket) {
    return (int64_t)d->epoch - d->decay->window < d->item->buckets[bucket].epoch;
}

/* Epochs ascend, so a run can be read at all if its last bucket can. */
static bool run_is_readable(const struct dump *d, const struct fr_item_run *run) {
    return is_readable(d, run->first + run->n - 1);
}

static void write_buckets(const struct dump *d, uint32_t first, uint32_t n) {
    fr_json_key(d->out, "buckets");
    fr_json_open(d->out, '{');
    for (uint32_t i = first; i < first + n; i++) {
        if (!is_readable(d, i)) continue;
        char epoch[12];
        snprintf(epoch, sizeof epoch, "%d", d->item->buckets[i].epoch);
        fr_json_key(d->out, epoch);
        fr_json_int(d->out, d->item->buckets[i].weight);
    }
    fr_json_close(d->out, '}');
}

static void write_id(const struct dump *d, uint32_t number) {
    fr_json_key(d->out, "item_id");
    fr_json_str(d->out, fr_dict_str(d->dict, number));
}

static void write_pairs(const struct dump *d, uint32_t runs_n) {
    fr_json_key(d->out, "pairs");
    fr_json_open(d->out, '[');
    for (const struct fr_item_run *run = d->runs; run < d->runs + runs_n; run++) {
        if (!run_is_readable(d, run)) continue;
        fr_json_open(d->out, '{');
        write_id(d, run->number);
        fr_json_key(d->out, "count");
        fr_json_double(d->out,
                       fr_item_value_of(d->item, run->first, run->first + run->n, d->decay, d->epoch));
        fr_json_close(d->out, '}');
    }
    fr_json_close(d->out, ']');
}

static void write_pair_buckets(const struct dump *d, uint32_t runs_n) {
    fr_json_key(d->out, "pair_buckets");
    fr_json_open(d->out, '[');
    for (const struct fr_item_run *run = d->runs; run < d->runs + runs_n; run++) {
        for (uint32_t i = run->first; i < run->first + run->n; i++) {
            if (!is_readable(d, i)) continue;
            fr_json_open(d->out, '[');
            fr_json_str(d->out, fr_dict_str(d->dict, run->number));
            fr_json_int(d->out, d->item->buckets[i].epoch);
            fr_json_int(d->out, d->item->buckets[i].weight);
            fr_json_close(d->out, ']');
        }
    }
    fr_json_close(d->out, ']');
}

static void write_groups(const struct dump *d) {
    uint32_t n = fr_item_runs_by_id(d->item, d->item->groups_at, d->item->n, d->dict, d->runs);
    fr_json_key(d->out, "groups");
    fr_json_open(d->out, '{');
    for (const struct fr_item_run *run = d->runs; run < d->runs + n; run++) {
        if (!run_is_readable(d, run)) continue;
        fr_json_key_str(d->out, fr_dict_str(d->dict, run->number));
        fr_json_open(d->out, '{');
        fr_json_key(d->out, "count");
        fr_json_double(d->out,
                       fr_item_value_of(d->item, run->first, run->first + run->n, d->decay, d->epoch));
        write_buckets(d, run->first, run->n);
        fr_json_close(d->out, '}');
    }
    fr_json_close(d->out, '}');
}

static void write_neighbors(const struct dump *d, struct fr_counts counts, uint32_t k) {
    struct fr_neighbor *neighbors = fr_alloc((k + 1) * sizeof *neighbors);
    uint32_t n = fr_neighbors_of(d->item, d->decay, d->dict, d->epoch, counts, k, neighbors);
    fr_json_key(d->out, "neighbors");
    fr_json_open(d->out, '[');
    for (uint32_t i = 0; i < n; i++) {
        fr_json_open(d->out, '{');
        write_id(d, neighbors[i].item);
        fr_json_key(d->out, "similarity");
        fr_json_double(d->out, neighbors[i].similarity);
        fr_json_close(d->out, '}');
    }
    fr_json_close(d->out, ']');
    free(neighbors);
}

void fr_item_json(const struct fr_item *item, const struct fr_decay *decay, const struct fr_dict *dict,
                  struct fr_str item_id, int32_t epoch, struct fr_counts counts, uint32_t k,
                  struct fr_buf *out) {
    struct fr_item_run *runs = fr_alloc((item->others_n + item->groups_n + 1) * sizeof *runs);
    struct dump d = {item, decay, dict, epoch, runs, out};
    fr_json_open(out, '{');
    fr_json_key(out, "item_id");
    fr_json_str(out, item_id);
    fr_json_key(out, "count");
    fr_json_double(out, fr_item_count(item, decay, epoch));
    uint32_t pairs_n = fr_item_runs_by_id(item, item->pairs_at, item->groups_at, dict, runs);
    write_pairs(&d, pairs_n);
    write_neighbors(&d, counts, k);
    write_buckets(&d, 0, item->pairs_at);
    write_pair_buckets(&d, pairs_n);
    write_groups(&d);
    fr_json_key(out, "missed");
    fr_json_double(out, fr_item_missed(item, decay, epoch));
    fr_json_key(out, "missed_similarity");
    fr_json_double(out, fr_item_missed_similarity(item, decay, epoch));
    fr_json_close(out, '}');
    free(runs);
}
