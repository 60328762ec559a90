/* The YAML file.
 *
 * Problem   YAML is far larger than what a configuration needs, and its cleverness bites: `no` that is false,
 *           aliases that copy, keys that silently win over their twins.
 * Choice    libyaml's events, read by recursive descent along the table of settings. Of YAML there remain
 *           mappings, sequences of texts and scalars; JSON is inside that. Everything else is a problem with
 *           its place, and reading goes on after it, so that all problems are told at once.
 * Rejected  the document API: it resolves aliases and keeps no duplicate keys apart.
 * Invariant every event is deleted once; after a syntax error (`broken`) no more are asked for. Nesting is
 *           followed by recursion only as deep as the table is; unknown parts are skipped by counting. */
#include "config_internal.h"
#include "freshet/base/dict.h"
#include <stdio.h>
#include <yaml.h>

struct reader {
    struct fr_config_loader *loader;
    const char *file;
    yaml_parser_t parser;
    yaml_event_t event;
    bool broken;
};

static struct fr_config_place place_of(const struct reader *r, yaml_mark_t mark) {
    return (struct fr_config_place){FR_CONFIG_FILE, r->file, (uint32_t)mark.line + 1,
                                    (uint32_t)mark.column + 1};
}

static void complain(struct reader *r, yaml_mark_t mark, struct fr_str key, const char *hint,
                     const char *what) {
    struct fr_config_place place = place_of(r, mark);
    fr_config_problem(r->loader, &place, key, hint, "%s", what);
}

static void syntax_error(struct reader *r) {
    const char *problem = r->parser.problem ? r->parser.problem : "cannot be read";
    bool tab = strstr(problem, "cannot start any token") != NULL;
    yaml_mark_t mark = r->parser.problem_mark;
    if (r->parser.error == YAML_READER_ERROR) mark = r->parser.mark;
    complain(r, mark, FR_STR("YAML"),
             tab ? "indent with spaces, not tabs; quote texts that begin with @ or `"
                 : "what follows was not read",
             problem);
    r->broken = true;
}

/* The next event; the one before is deleted. False at a syntax error. */
static bool next(struct reader *r) {
    yaml_event_delete(&r->event);
    if (r->broken) return false;
    if (yaml_parser_parse(&r->parser, &r->event)) return true;
    r->event = (yaml_event_t){0};
    syntax_error(r);
    return false;
}

static struct fr_str scalar(const struct reader *r) {
    return (struct fr_str){(const char *)r->event.data.scalar.value, (uint32_t)r->event.data.scalar.length};
}

static bool is_quoted(const struct reader *r) {
    return r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static bool has_decoration(const yaml_event_t *e) {
    if (e->type == YAML_SCALAR_EVENT) return e->data.scalar.anchor || e->data.scalar.tag;
    if (e->type == YAML_MAPPING_START_EVENT) return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    if (e->type == YAML_SEQUENCE_START_EVENT)
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    return e->type == YAML_ALIAS_EVENT;
}

/* Whether the event begins a value that uses only what a configuration may. */
static bool plain_yaml(struct reader *r, struct fr_str key) {
    if (!has_decoration(&r->event)) return true;
    complain(r, r->event.start_mark, key, "write the value out",
             "anchors (&), aliases (*) and tags (!) are not used here");
    return false;
}

/* Leaves the current event's value behind; afterwards its last event is the current one. */
static void skip(struct reader *r) {
    for (uint32_t depth = 0;;) {
        yaml_event_type_t type = r->event.type;
        if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT) depth++;
        if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT) depth--;
        if (depth == 0 || !next(r)) return;
    }
}

static bool is_null(const struct reader *r) {
    return r->event.type == YAML_SCALAR_EVENT && !is_quoted(r) && r->event.data.scalar.length == 0;
}

static void read_scalar(struct reader *r, const struct fr_config_row *row) {
    struct fr_config_place place = place_of(r, r->event.start_mark);
    struct fr_str key = fr_str_of(row->path);
    if (r->event.type != YAML_SCALAR_EVENT) {
        complain(r, r->event.start_mark, key, "one value is wanted here", "this is a list or a section");
        skip(r);
    } else if (is_null(r)) {
        complain(r, r->event.start_mark, key, "write \"\" for an empty text, or leave the key out",
                 "has no value");
    } else if (is_quoted(r) && row->kind != FR_CONFIG_TEXT && row->kind != FR_CONFIG_CHOICE &&
               row->kind != FR_CONFIG_TIME) {
        complain(r, r->event.start_mark, key, "remove the quotes", "this is a text");
    } else {
        fr_config_set_scalar(r->loader, row, scalar(r), &place);
    }
}

static void read_list(struct reader *r, const struct fr_config_row *row) {
    struct fr_str key = fr_str_of(row->path);
    if (r->event.type != YAML_SEQUENCE_START_EVENT) {
        complain(r, r->event.start_mark, key, "write [a, b]", "a list is wanted here");
        skip(r);
        return;
    }
    struct fr_config_place place = place_of(r, r->event.start_mark);
    fr_config_clear_members(r->loader->config, row);
    fr_config_mark(r->loader->config, row, &place);
    while (next(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
        place = place_of(r, r->event.start_mark);
        if (!plain_yaml(r, key)) {
            skip(r);
        } else if (r->event.type != YAML_SCALAR_EVENT) {
            complain(r, r->event.start_mark, key, "write [a, b]", "a member of the list is not a text");
            skip(r);
        } else {
            fr_config_add_member(r->loader, row, FR_STR(""), scalar(r), &place);
        }
    }
}

/* A key of a mapping: into the arena, and into seen, which tells twins. False: skipped, with its value. */
static bool read_key(struct reader *r, struct fr_str section, struct fr_dict *seen, struct fr_str *key) {
    bool is_text = r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length > 0;
    bool good = plain_yaml(r, section) && is_text;
    if (good) {
        uint32_t before = seen->n;
        *key = fr_arena_copy(&r->loader->config->text, scalar(r));
        fr_dict_intern(seen, *key);
        good = seen->n > before;
        if (!good) complain(r, r->event.start_mark, *key, "keep one of them", "this key stands here twice");
    } else if (!is_text && !has_decoration(&r->event)) {
        complain(r, r->event.start_mark, section, "write key: value", "a key is not a text");
    }
    if (good) return true;
    skip(r);
    if (next(r)) skip(r);
    return false;
}

static void read_map(struct reader *r, const struct fr_config_row *row) {
    struct fr_str path = fr_str_of(row->path), key;
    struct fr_dict seen;
    if (is_null(r)) return;
    if (r->event.type != YAML_MAPPING_START_EVENT) {
        complain(r, r->event.start_mark, path, "write name: value, one a line",
                 "names and values are wanted");
        skip(r);
        return;
    }
    struct fr_config_place start = place_of(r, r->event.start_mark);
    fr_dict_init(&seen);
    fr_config_clear_members(r->loader->config, row);
    fr_config_mark(r->loader->config, row, &start);
    while (next(r) && r->event.type != YAML_MAPPING_END_EVENT) {
        if (!read_key(r, path, &seen, &key) || !next(r)) continue;
        struct fr_config_place place = place_of(r, r->event.start_mark);
        if (!plain_yaml(r, key)) {
            skip(r);
        } else if (r->event.type != YAML_SCALAR_EVENT || is_null(r)) {
            complain(r, r->event.start_mark, path, "write name: value", "a value is not a text");
            skip(r);
        } else {
            fr_config_add_member(r->loader, row, key, scalar(r), &place);
        }
    }
    fr_dict_fini(&seen);
}

static struct fr_str join(struct reader *r, struct fr_str section, struct fr_str key);

/* The current event is the value of path within the tree: a text becomes a member, what holds others is gone through. */
static void read_tree_value(struct reader *r, const struct fr_config_row *row, struct fr_str path,
                            uint32_t depth) {
    enum { DEPTH_MAX = 6 };
    struct fr_config_place place = place_of(r, r->event.start_mark);
    struct fr_str key = fr_str_of(row->path);
    if (!plain_yaml(r, key)) {
        skip(r);
    } else if (depth == DEPTH_MAX) {
        complain(r, r->event.start_mark, key, NULL, "nested too deep");
        skip(r);
    } else if (r->event.type == YAML_SCALAR_EVENT) {
        if (path.len && !is_null(r)) fr_config_add_member(r->loader, row, path, scalar(r), &place);
    } else if (r->event.type == YAML_MAPPING_START_EVENT) {
        struct fr_dict seen;
        struct fr_str name;
        fr_dict_init(&seen);
        while (next(r) && r->event.type != YAML_MAPPING_END_EVENT)
            if (read_key(r, key, &seen, &name) && next(r))
                read_tree_value(r, row, join(r, path, name), depth + 1);
        fr_dict_fini(&seen);
    } else if (r->event.type == YAML_SEQUENCE_START_EVENT) {
        char place_text[16];
        for (int i = 0; next(r) && r->event.type != YAML_SEQUENCE_END_EVENT; i++) {
            int n = snprintf(place_text, sizeof place_text, "%d", i);
            struct fr_str at =
                fr_arena_copy(&r->loader->config->text, (struct fr_str){place_text, (uint32_t)n});
            read_tree_value(r, row, join(r, path, at), depth + 1);
        }
    }
}

static void read_tree(struct reader *r, const struct fr_config_row *row) {
    struct fr_config_place place = place_of(r, r->event.start_mark);
    if (is_null(r)) return;
    if (r->event.type != YAML_MAPPING_START_EVENT) {
        complain(r, r->event.start_mark, fr_str_of(row->path), "write name: {...}, one a line",
                 "sections are wanted");
        skip(r);
        return;
    }
    fr_config_clear_members(r->loader->config, row);
    fr_config_mark(r->loader->config, row, &place);
    read_tree_value(r, row, FR_STR(""), 0);
}

static struct fr_str join(struct reader *r, struct fr_str section, struct fr_str key) {
    if (section.len == 0) return key;
    char *path = fr_arena_alloc(&r->loader->config->text, (size_t)section.len + key.len + 1);
    memcpy(path, section.ptr, section.len);
    path[section.len] = '.';
    memcpy(path + section.len + 1, key.ptr, key.len);
    return (struct fr_str){path, section.len + 1 + key.len};
}

static void read_section(struct reader *r, struct fr_str section);

/* The current event is the value of path. */
static void read_value(struct reader *r, struct fr_str path, struct fr_config_place key_place) {
    const struct fr_config_row *row = fr_config_row_find(path);
    if (!row && !fr_config_is_section(path)) {
        fr_config_unknown_key(r->loader, &key_place, path);
        skip(r);
    } else if (!plain_yaml(r, path)) {
        skip(r);
    } else if (!row) {
        read_section(r, path);
    } else if (row->kind == FR_CONFIG_LIST) {
        read_list(r, row);
    } else if (row->kind == FR_CONFIG_MAP) {
        read_map(r, row);
    } else if (row->kind == FR_CONFIG_TREE) {
        read_tree(r, row);
    } else {
        read_scalar(r, row);
    }
}

static void read_section(struct reader *r, struct fr_str section) {
    struct fr_dict seen;
    struct fr_str key;
    if (is_null(r)) return; /* "kafka:" with everything below it commented out */
    if (r->event.type != YAML_MAPPING_START_EVENT) {
        complain(r, r->event.start_mark, section.len ? section : FR_STR("YAML"),
                 "write key: value, one a line", "a section is wanted here");
        skip(r);
        return;
    }
    fr_dict_init(&seen);
    while (next(r) && r->event.type != YAML_MAPPING_END_EVENT) {
        struct fr_config_place place = place_of(r, r->event.start_mark);
        if (read_key(r, section, &seen, &key) && next(r)) read_value(r, join(r, section, key), place);
    }
    fr_dict_fini(&seen);
}

void fr_config_read_yaml(struct fr_config_loader *l, const char *file, struct fr_str text) {
    struct reader r = {.loader = l, .file = file};
    if (!yaml_parser_initialize(&r.parser)) {
        fr_config_problem(l, &(struct fr_config_place){FR_CONFIG_FILE, file, 1, 1}, FR_STR("YAML"), NULL,
                          "out of memory");
        return;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.ptr, text.len);
    while (next(&r) && r.event.type != YAML_DOCUMENT_START_EVENT && r.event.type != YAML_STREAM_END_EVENT) {
    }
    if (!r.broken && r.event.type == YAML_DOCUMENT_START_EVENT && next(&r)) {
        if (plain_yaml(&r, FR_STR("YAML")))
            read_section(&r, FR_STR(""));
        else
            skip(&r);
        if (next(&r) && next(&r) && r.event.type == YAML_DOCUMENT_START_EVENT)
            complain(&r, r.event.start_mark, FR_STR("YAML"), "keep one", "a second document begins here");
    }
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
}
