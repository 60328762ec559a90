#include "freshet/app/surfaces.h"
#include <math.h>
#include <stdlib.h>

struct reading {
    const struct fr_config *config;
    struct fr_arena *arena;
    void (*told)(void *, const struct fr_config_member *, const char *, const char *);
    void *context;
    const struct fr_config_member *member; /* the one at hand */
    struct fr_surfaces out;
};

static void tell(const struct reading *r, const char *hint, const char *text) {
    if (r->told) r->told(r->context, r->member, hint, text);
}

static bool number_of(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return *text && strspn(text, "+-.0123456789eE") == strlen(text) && !*end && isfinite(*out);
}

static void set_number(const struct reading *r, double least, double most, double *out) {
    double value;
    if (number_of(r->member->value, &value) && value >= least && value <= most)
        *out = value;
    else
        tell(r, most <= .5 ? "a number from 0 to 0.5" : "a number from 0 to 1", "is not in its range");
}

static void set_whole(const struct reading *r, double least, double most, const char *hint, double *out) {
    double value;
    if (number_of(r->member->value, &value) && value >= least && value <= most && value <= floor(value))
        *out = value;
    else
        tell(r, hint, "is not a whole number in its range");
}

static void read_items(const struct reading *r, struct fr_surface *s) {
    double value = s->items;
    set_whole(r, 1, FR_LIST_ITEMS_MAX, "a whole number from 1 to 200", &value);
    s->items = (uint32_t)value;
}

static void read_hide_for(const struct reading *r, struct fr_surface *s) {
    double value = 0;
    set_whole(r, 0, 3.2e12, "milliseconds; 0: for ever", &value);
    s->hide_ms = (fr_time_ms)value;
}

static void read_hide(const struct reading *r, struct fr_surface *s) {
    s->seen = FR_SEEN_SHOW;
    for (unsigned t = 0; t < FR_EVENT_TYPE_N; t++)
        if (strcmp(r->member->value, fr_event_type_text((enum fr_event_type)t)) == 0) {
            s->hide_types |= 1u << t;
            return;
        }
    tell(r, "for example [purchase, view]", "is not an event type");
}

static void read_unavailable(const struct reading *r, struct fr_surface *s) {
    bool is_true = strcmp(r->member->value, "true") == 0;
    if (!is_true && strcmp(r->member->value, "false") != 0)
        tell(r, "use true or false", "is neither true nor false");
    s->hide_unavailable = is_true;
}

static void read_exploring(const struct reading *r, struct fr_surface *s) {
    bool thompson = strcmp(r->member->value, "thompson") == 0;
    if (!thompson && strcmp(r->member->value, "evenly") != 0) tell(r, "evenly or thompson", "is not known");
    s->exploring = thompson ? FR_EXPLORE_THOMPSON : FR_EXPLORE_EVENLY;
}

static bool read_condition(const struct reading *r, const char *text, struct fr_filter *out) {
    const char *why;
    if (fr_filter_parse(fr_str_of(text), r->arena, out, &why)) return true;
    tell(r, "for example \"price<=100\", \"category=books|music\", \"tags!=adult\"", why);
    return false;
}

static void read_filter(const struct reading *r, struct fr_surface *s) {
    struct fr_filter *filters = (struct fr_filter *)(uintptr_t)s->filters;
    if (s->filter_n == FR_SURFACE_FILTERS)
        tell(r, NULL, "more than 32 filters");
    else
        s->filter_n += read_condition(r, r->member->value, &filters[s->filter_n]);
}

/* rest: the condition. */
static void read_boost(const struct reading *r, struct fr_surface *s, const char *rest) {
    struct fr_boost *boosts = (struct fr_boost *)(uintptr_t)s->boosts;
    double factor;
    if (s->boost_n == FR_SURFACE_BOOSTS) {
        tell(r, NULL, "more than 32 boosts");
    } else if (!number_of(r->member->value, &factor) || !(factor > 0 && factor <= 1000)) {
        tell(r, "write {\"brand=acme\": 1.2}", "a factor above 0 and at most 1000 is wanted");
    } else if (read_condition(r, rest, &boosts[s->boost_n].when)) {
        boosts[s->boost_n++].factor = factor;
    }
}

static void read_field(const struct reading *r, struct fr_surface *s, struct fr_str field, const char *rest) {
    static const struct {
        const char *name;
        void (*read)(const struct reading *, struct fr_surface *);
        bool is_list; /* rest is a place in it, or nothing */
    } fields[] = {{"items", read_items, false},          {"hide", read_hide, true},
                  {"hide_for_ms", read_hide_for, false}, {"hide_unavailable", read_unavailable, false},
                  {"filters", read_filter, true},        {"exploring", read_exploring, false}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!fr_str_eq(field, fr_str_of(fields[i].name)) || (*rest && !fields[i].is_list)) continue;
        fields[i].read(r, s);
        return;
    }
    if (fr_str_eq(field, FR_STR("boosts")) && *rest)
        read_boost(r, s, rest);
    else if (fr_str_eq(field, FR_STR("rotation")) && !*rest)
        set_number(r, 0, 1, &s->rotation);
    else if (fr_str_eq(field, FR_STR("diversity")) && !*rest)
        set_number(r, 0, 1, &s->diversity);
    else if (fr_str_eq(field, FR_STR("exploration")) && !*rest)
        set_number(r, 0, .5, &s->exploration);
    else
        tell(r,
             "items, hide, hide_for_ms, hide_unavailable, filters, boosts, rotation, diversity, exploration, "
             "exploring",
             "a surface has no such rule");
}

static bool is_name(struct fr_str s) {
    for (uint32_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f) return false;
    return s.len > 0 && s.len < 64;
}

static struct fr_surface *surface_for(struct reading *r, struct fr_str name) {
    for (uint32_t i = 0; i < r->out.n; i++)
        if (fr_str_eq(r->out.at[i].name, name)) return &r->out.at[i];
    struct fr_surface *s = &r->out.at[r->out.n++];
    *s = FR_SURFACE_DEFAULTS;
    s->name = fr_arena_copy(r->arena, name);
    s->items = (uint32_t)r->config->recommend.items;
    s->seen = (enum fr_seen)r->config->recommend.hide_seen;
    s->filters = fr_arena_alloc(r->arena, FR_SURFACE_FILTERS * sizeof *s->filters);
    s->boosts = fr_arena_alloc(r->arena, FR_SURFACE_BOOSTS * sizeof *s->boosts);
    return s;
}

/* "home.filters.0": the surface, the field, the rest. */
static void read_member(struct reading *r) {
    const char *name = r->member->name, *dot = strchr(name, '.');
    struct fr_str surface = {name, dot ? (uint32_t)(dot - name) : 0};
    if (!dot || !is_name(surface)) {
        tell(r, "write surfaces: {home: {items: 20}}", "is not a surface with rules");
        return;
    }
    const char *field = dot + 1, *end = strchr(field, '.');
    struct fr_str first = {field, end ? (uint32_t)(end - field) : (uint32_t)strlen(field)};
    read_field(r, surface_for(r, surface), first, end ? end + 1 : "");
}

struct fr_surfaces fr_surfaces_read(const struct fr_config *config, struct fr_arena *arena,
                                    void (*told)(void *context, const struct fr_config_member *member,
                                                 const char *hint, const char *text),
                                    void *context) {
    const struct fr_config_list *list = &config->surfaces;
    struct reading r = {.config = config, .arena = arena, .told = told, .context = context};
    r.out.at = fr_arena_alloc(arena, (list->n + 1) * sizeof *r.out.at);
    for (uint32_t i = 0; i < list->n; i++) {
        r.member = &list->at[i];
        read_member(&r);
    }
    return r.out;
}

const struct fr_surface *fr_surfaces_find(const struct fr_surfaces *s, struct fr_str name) {
    for (uint32_t i = 0; i < s->n; i++)
        if (fr_str_eq(s->at[i].name, name)) return &s->at[i];
    return NULL;
}
