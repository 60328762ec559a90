/* surfaces.h - the rules of surfaces, from the configuration's tree:
 *
 *     surfaces:
 *       home:
 *         items: 20
 *         hide: [purchase, like]
 *         filters: ["price<=100", "tags!=adult"]
 *         boosts: {"brand=acme": 1.2}
 *         diversity: 0.3
 *
 * Promise   every problem is told, with the member it is in. What a surface leaves out is as recommend.items and
 *           recommend.hide_seen say.
 * Memory    surfaces and their texts lie in the arena. */
#ifndef FR_APP_SURFACES_H
#define FR_APP_SURFACES_H

#include "freshet/app/config.h"
#include "freshet/recommend/surface.h"

struct fr_surfaces {
    struct fr_surface *at; /* [n] in the order of the configuration */
    uint32_t n;
};

/* told: NULL, or called for each problem; hint may be NULL. */
struct fr_surfaces fr_surfaces_read(const struct fr_config *config, struct fr_arena *arena,
                                    void (*told)(void *context, const struct fr_config_member *member,
                                                 const char *hint, const char *text),
                                    void *context);
/* NULL: there is none of this name. */
const struct fr_surface *fr_surfaces_find(const struct fr_surfaces *s, struct fr_str name);

#endif
