/* config_internal.h - between the files of the configuration. */
#ifndef FR_CONFIG_INTERNAL_H
#define FR_CONFIG_INTERNAL_H

#include "freshet/app/config.h"

enum { FR_CONFIG_PATH_BYTES = 256, FR_CONFIG_MEMBERS_MAX = 4096, FR_CONFIG_FILE_BYTES = 1 << 20 };

/* Where a value was written. */
struct fr_config_place {
    enum fr_config_source source;
    const char *name; /* the file, the variable, or --set */
    uint32_t line, column;
};

/* Loading: the configuration that is being filled, and the problems so far. */
struct fr_config_loader {
    struct fr_config *config;
    struct fr_buf *problems;
    uint32_t problem_n;
};

/* One line of problems. hint may be NULL. */
void fr_config_problem(struct fr_config_loader *l, const struct fr_config_place *place, struct fr_str key,
                       const char *hint, const char *format, ...) FR_PRINTF(5, 6);
/* The problem of a key that no row has. */
void fr_config_unknown_key(struct fr_config_loader *l, const struct fr_config_place *place,
                           struct fr_str path);
/* The setting nearest to path, NULL when none is near. */
const char *fr_config_suggest(struct fr_str path);

bool fr_config_is_section(struct fr_str path);

/* Sets a setting that is neither list nor map. False: said what is wrong. */
bool fr_config_set_scalar(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                          const struct fr_config_place *place);
/* Adds a member to a list or map; a name that a map has already is replaced. */
bool fr_config_add_member(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str name,
                          struct fr_str value, const struct fr_config_place *place);
void fr_config_clear_members(struct fr_config *config, const struct fr_config_row *row);
/* Sets any setting from one text: lists as a,b, maps as a=b,c=d. */
bool fr_config_set_text(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                        const struct fr_config_place *place);

void fr_config_read_yaml(struct fr_config_loader *l, const char *file, struct fr_str text);
void fr_config_read_environment(struct fr_config_loader *l, const char *const *environment);
/* What a single row cannot check. */
void fr_config_check(struct fr_config_loader *l);

/* A value as it would be written, credentials as ***. Lists and maps in YAML's flow style. */
void fr_config_value_text(const struct fr_config *config, const struct fr_config_row *row,
                          struct fr_buf *out);
/* FRESHET_KAFKA_GROUP_ID */
void fr_config_variable(const char *path, char out[FR_CONFIG_PATH_BYTES]);
struct fr_config_list *fr_config_list_of(const struct fr_config *config, const struct fr_config_row *row);
struct fr_config_place fr_config_place_of(const struct fr_config *config, const struct fr_config_row *row,
                                          char variable[FR_CONFIG_PATH_BYTES]);
void fr_config_mark(struct fr_config *config, const struct fr_config_row *row,
                    const struct fr_config_place *place);

#endif
