/* A setting's value as it would be written, without what is secret in it; names derived from a path. */
#include "config_internal.h"
#include "freshet/base/json.h"
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

void fr_config_variable(const char *path, char out[FR_CONFIG_PATH_BYTES]) {
    int n = snprintf(out, FR_CONFIG_PATH_BYTES, "FRESHET_%s", path);
    for (int i = 0; i < n && i < FR_CONFIG_PATH_BYTES - 1; i++)
        out[i] = out[i] == '.' ? '_' : (char)toupper((unsigned char)out[i]);
}

struct fr_config_place fr_config_place_of(const struct fr_config *config, const struct fr_config_row *row,
                                          char variable[FR_CONFIG_PATH_BYTES]) {
    uint32_t n;
    struct fr_config_origin o = config->origins[row - fr_config_rows(&n)];
    struct fr_config_place place = {o.source, "default", o.line, o.column};
    if (o.source == FR_CONFIG_FILE) place.name = config->file;
    if (o.source == FR_CONFIG_OPTION) place.name = "--set";
    if (o.source == FR_CONFIG_ENVIRONMENT) {
        fr_config_variable(row->path, variable);
        place.name = variable;
    }
    return place;
}

/* user:password@ of a URL without the password. */
static struct fr_str without_password(struct fr_str url, struct fr_buf *scratch) {
    const char *mark = url.len ? memmem(url.ptr, url.len, "://", 3) : NULL;
    const char *at = mark ? memrchr(mark, '@', url.len - (size_t)(mark - url.ptr)) : NULL;
    const char *colon = at ? memchr(mark + 3, ':', (size_t)(at - mark - 3)) : NULL;
    if (!colon) return url;
    fr_buf_append(scratch, url.ptr, (size_t)(colon + 1 - url.ptr));
    fr_buf_append(scratch, "***", 3);
    fr_buf_append(scratch, at, url.len - (size_t)(at - url.ptr));
    return fr_buf_slice(scratch);
}

static bool tells_secret(const char *name) {
    static const char *const words[] = {"password", "secret", "key.pem", "sasl.jaas", "oauthbearer.config"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i])) return true;
    return false;
}

static void members_text(const struct fr_config_row *row, const struct fr_config_list *list,
                         struct fr_buf *out) {
    fr_buf_byte(out, row->kind != FR_CONFIG_LIST ? '{' : '[');
    for (uint32_t i = 0; i < list->n; i++) {
        const struct fr_config_member *m = &list->at[i];
        struct fr_buf quoted = {0};
        if (i) fr_buf_append(out, ", ", 2);
        if (row->kind != FR_CONFIG_LIST) {
            fr_json_str(&quoted, fr_str_of(m->name));
            fr_buf_append(&quoted, ": ", 2);
            fr_buf_str(out, fr_buf_slice(&quoted));
            fr_buf_clear(&quoted);
        }
        fr_json_str(&quoted, fr_str_of(row->secret && tells_secret(m->name) ? "***" : m->value));
        fr_buf_str(out, fr_buf_slice(&quoted));
        fr_buf_fini(&quoted);
    }
    fr_buf_byte(out, row->kind != FR_CONFIG_LIST ? '}' : ']');
}

static void quote(struct fr_buf *out, struct fr_str text) {
    struct fr_buf quoted = {0};
    fr_json_str(&quoted, text);
    fr_buf_str(out, fr_buf_slice(&quoted));
    fr_buf_fini(&quoted);
}

static void text_text(const struct fr_config_row *row, const char *text, struct fr_buf *out) {
    struct fr_buf scratch = {0};
    quote(out, row->secret ? without_password(fr_str_of(text), &scratch) : fr_str_of(text));
    fr_buf_fini(&scratch);
}

static void choice_text(const char *choices, int64_t at, struct fr_buf *out) {
    for (; at > 0; at--) choices += strcspn(choices, "|") + 1;
    fr_buf_append(out, choices, strcspn(choices, "|"));
}

void fr_config_value_text(const struct fr_config *config, const struct fr_config_row *row,
                          struct fr_buf *out) {
    const char *at = (const char *)config + row->offset;
    char when[25];
    switch (row->kind) {
    case FR_CONFIG_TEXT: text_text(row, *(const char *const *)(const void *)at, out); break;
    case FR_CONFIG_INT: fr_buf_printf(out, "%lld", (long long)*(const int64_t *)(const void *)at); break;
    case FR_CONFIG_NUMBER: fr_buf_printf(out, "%.10g", *(const double *)(const void *)at); break;
    case FR_CONFIG_BOOL: fr_buf_printf(out, "%s", *(const bool *)(const void *)at ? "true" : "false"); break;
    case FR_CONFIG_CHOICE: choice_text(row->choices, *(const int64_t *)(const void *)at, out); break;
    case FR_CONFIG_TIME:
        fr_time_format(*(const fr_time_ms *)(const void *)at, when);
        fr_buf_printf(out, "\"%s\"", when);
        break;
    case FR_CONFIG_LIST:
    case FR_CONFIG_MAP:
    case FR_CONFIG_TREE: members_text(row, fr_config_list_of(config, row), out); break;
    }
}
