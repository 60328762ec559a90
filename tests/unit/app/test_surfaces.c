/* Surfaces from the configuration: what is read, and each problem with its member and place. */
#include "check.h"
#include "freshet/app/surfaces.h"
#include "freshet/app/wiring.h"

static struct fr_config config;
static struct fr_arena arena;
static struct fr_buf problems;

static int load(const char *yaml, const char *const *sets, uint32_t set_n) {
    fr_config_fini(&config);
    fr_arena_clear(&arena);
    fr_buf_clear(&problems);
    struct fr_config_inputs in = {.file = "x.yaml", .text = fr_str_of(yaml), .sets = sets, .set_n = set_n};
    int code = fr_config_load(&config, &in, &problems);
    fr_buf_byte(&problems, '\0');
    return code;
}

static const char home_and_cart[] = "recommend: {items: 12, hide_seen: purchased}\n"
                                    "surfaces:\n"
                                    "  home:\n"
                                    "    hide: [purchase, like]\n"
                                    "    hide_for_ms: 86400000\n"
                                    "    filters: [\"price<=100\", \"tags!=adult\"]\n"
                                    "    boosts: {\"brand=acme\": 1.5}\n"
                                    "    rotation: 0.1\n"
                                    "    diversity: 0.3\n"
                                    "    exploration: 0.05\n"
                                    "    exploring: thompson\n"
                                    "  cart: {items: 5, hide_unavailable: false}\n";

static void test_a_surface(void) {
    int code = load(home_and_cart, NULL, 0);
    CHECK_INT(code, 0);
    CHECK_STR(problems.data, "");
    struct fr_surfaces s = fr_surfaces_read(&config, &arena, NULL, NULL);
    CHECK_INT(s.n, 2);
    const struct fr_surface *home = fr_surfaces_find(&s, FR_STR("home")),
                            *cart = fr_surfaces_find(&s, FR_STR("cart"));
    CHECK(home && cart && !fr_surfaces_find(&s, FR_STR("other")));
    CHECK(fr_surface_fault(home) == NULL && fr_surface_fault(cart) == NULL);
    CHECK_INT(home->items, 12);
    CHECK_INT(home->seen, FR_SEEN_SHOW);
    CHECK_INT(home->hide_types, 1u << FR_EVENT_PURCHASE | 1u << FR_EVENT_LIKE);
    CHECK_INT(home->hide_ms, 86400000);
    CHECK_INT(home->filter_n, 2);
    CHECK_INT(home->filters[1].field, FR_FILTER_TAG);
    CHECK(home->filters[1].is_negated);
    CHECK_INT(home->boost_n, 1);
    CHECK_NEAR(home->boosts[0].factor, 1.5, 0);
    CHECK_INT(home->boosts[0].when.field, FR_FILTER_BRAND);
    CHECK_NEAR(home->rotation + home->diversity + home->exploration, .45, 1e-12);
    CHECK_INT(home->exploring, FR_EXPLORE_THOMPSON);
    CHECK(home->hide_unavailable && !cart->hide_unavailable);
    CHECK_INT(cart->items, 5);
    CHECK_INT(cart->seen, FR_SEEN_PURCHASED);
}

static void test_from_the_command_line(void) {
    const char *const sets[] = {"surfaces=home.items=3,home.filters=price<=10",
                                "surfaces.home.diversity=0.5"};
    CHECK_INT(load("surfaces: {cart: {items: 5}}\n", sets, 2), 0);
    struct fr_surfaces s = fr_surfaces_read(&config, &arena, NULL, NULL);
    CHECK_INT(s.n, 1);
    CHECK_INT(s.at[0].items, 3);
    CHECK_INT(s.at[0].filter_n, 1);
    CHECK_NEAR(s.at[0].diversity, .5, 0);
}

static void test_each_problem(void) {
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"surfaces: {a: {hide: [purchased]}}\n",
         "x.yaml:1:23: surfaces.a.hide.0: \"purchased\": is not an event type"},
        {"surfaces: {a: {filters: [\"price=x\"]}}\n",
         "x.yaml:1:26: surfaces.a.filters.0: \"price=x\": a number or a range"},
        {"surfaces: {a: {boosts: {\"brand=x\": -1}}}\n",
         "x.yaml:1:36: surfaces.a.boosts.brand=x: \"-1\": a factor above 0"},
        {"surfaces: {a: {boosts: {\"x\": 2}}}\n", "x.yaml:1:30: surfaces.a.boosts.x: \"2\": there is no ="},
        {"surfaces: {a: {diversity: 2}}\n", "x.yaml:1:27: surfaces.a.diversity: \"2\": is not in its range"},
        {"surfaces: {a: {exploration: 0.6}}\n",
         "x.yaml:1:29: surfaces.a.exploration: \"0.6\": is not in its range"},
        {"surfaces: {a: {items: 2.5}}\n", "x.yaml:1:23: surfaces.a.items: \"2.5\": is not a whole number"},
        {"surfaces: {a: {items: [1]}}\n",
         "x.yaml:1:24: surfaces.a.items.0: \"1\": a surface has no such rule"},
        {"surfaces: {a: {colour: red}}\n",
         "x.yaml:1:24: surfaces.a.colour: \"red\": a surface has no such rule"},
        {"surfaces: {a: {exploring: often}}\n", "x.yaml:1:27: surfaces.a.exploring: \"often\": is not known"},
        {"surfaces: {a: {hide_unavailable: yes}}\n",
         "x.yaml:1:34: surfaces.a.hide_unavailable: \"yes\": is neither"},
        {"surfaces: {a: 5}\n", "x.yaml:1:15: surfaces.a: \"5\": is not a surface with rules"},
        {"surfaces: {\"a b\": {items: 5}}\n", "x.yaml:1:27: surfaces.a b.items: \"5\": is not a surface"},
        {"surfaces: 5\n", "x.yaml:1:11: surfaces: sections are wanted"},
        {"surfaces: {a: {items: 1}, a: {items: 2}}\n", "x.yaml:1:27: a: this key stands here twice"},
        {"surfaces: {a: {b: {c: {d: {e: {f: {g: 1}}}}}}}\n", "x.yaml:1:35: surfaces: nested too deep"},
        {"surfaces: {a: &x {items: 1}}\n", "x.yaml:1:15: surfaces: anchors (&)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(load(cases[i].yaml, NULL, 0), 78);
        bool same = strncmp(problems.data, cases[i].want, strlen(cases[i].want)) == 0;
        if (!same) fprintf(stderr, "%s  instead of %s\n", problems.data, cases[i].want);
        CHECK(same);
    }
}

/* The rules of recommend.surface are those of the published lists. */
static void test_lists_follow_their_surface(void) {
    struct fr_rules rules;
    struct fr_errmsg msg = {0};
    CHECK_INT(load(home_and_cart, NULL, 0), 0);
    CHECK_INT(fr_wire_rules(&config, &rules, &msg), FR_OK);
    CHECK(!rules.recommender.surface);
    fr_rules_fini(&rules);
    const char *const sets[] = {"recommend.surface=cart"};
    CHECK_INT(load(home_and_cart, sets, 1), 0);
    CHECK_INT(fr_wire_rules(&config, &rules, &msg), FR_OK);
    CHECK(rules.recommender.surface);
    if (rules.recommender.surface) CHECK_INT(rules.recommender.surface->items, 5);
    fr_rules_fini(&rules);
}

static void test_nothing(void) {
    CHECK_INT(load("surfaces:\n", NULL, 0), 0);
    CHECK_INT(fr_surfaces_read(&config, &arena, NULL, NULL).n, 0);
}

int main(void) {
    RUN(test_a_surface);
    RUN(test_from_the_command_line);
    RUN(test_each_problem);
    RUN(test_lists_follow_their_surface);
    RUN(test_nothing);
    fr_config_fini(&config);
    fr_arena_fini(&arena);
    fr_buf_fini(&problems);
    return check_done();
}
