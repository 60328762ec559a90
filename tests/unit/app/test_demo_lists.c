#include "check.h"
#include "freshet/app/demo_lists.h"

static const char list_text[] =
    "{\"user_id\":\"u\",\"fallback\":false,\"items\":["
    "{\"item_id\":\"a\",\"rank\":1,\"score\":0.5,\"reasons\":[{\"code\":\"co_occurrence\",\"item_id\":\"x\","
    "\"weight\":0.1},"
    "{\"code\":\"co_occurrence\",\"item_id\":\"y\",\"weight\":0.3},{\"code\":\"trending\",\"weight\":0.1}]},"
    "{\"item_id\":\"b\",\"rank\":2,\"score\":0.1,\"reasons\":[{\"code\":\"trending\",\"weight\":0.1}]}]}";

static uint32_t item(struct fr_demo_lists *l, const char *id) {
    return fr_dict_find(&l->items, fr_str_of(id));
}

static void test_list_with_reasons(void) {
    struct fr_demo_lists l;
    fr_demo_lists_init(&l);
    uint32_t user = fr_demo_lists_take(&l, FR_STR("u"), fr_str_of(list_text));
    CHECK_INT(user, fr_demo_user_number(&l, FR_STR("u")));
    const struct fr_demo_list *list = &l.at[user].latest;
    CHECK_INT(list->n, 2);
    CHECK_INT(list->items[0], item(&l, "a"));
    CHECK_INT(list->top[0].code, FR_REASON_CO_OCCURRENCE);
    CHECK_INT(list->top[0].because, item(&l, "y")); /* it weighs most */
    CHECK_INT(list->top[1].code, FR_REASON_TRENDING);
    CHECK_INT(list->top[1].because, FR_DICT_NONE);
    CHECK(!list->fallback);
    CHECK_INT(l.at[user].first.n, 2);
    fr_demo_lists_fini(&l);
}

static void test_before_and_after(void) {
    struct fr_demo_lists l;
    fr_demo_lists_init(&l);
    uint32_t user =
        fr_demo_lists_take(&l, FR_STR("u"), FR_STR("{\"fallback\":true,\"items\":[{\"item_id\":\"p\"}]}"));
    CHECK_INT(l.at[user].first.n, 0); /* nothing personal yet */
    fr_demo_lists_take(&l, FR_STR("u"), fr_str_of(list_text));
    CHECK_INT(l.at[user].before.items[0], item(&l, "p"));
    CHECK(!fr_demo_top_is_personal(&l.at[user].before));
    CHECK(fr_demo_top_is_personal(&l.at[user].latest));
    CHECK(fr_demo_top_differs(&l.at[user].before, &l.at[user].latest));
    fr_demo_lists_take(&l, FR_STR("u"), fr_str_of(list_text));
    CHECK(!fr_demo_top_differs(&l.at[user].before, &l.at[user].latest));
    fr_demo_lists_take(&l, FR_STR("u"), (struct fr_str){NULL, 0}); /* forgotten */
    CHECK_INT(l.at[user].latest.n, 0);
    CHECK_INT(l.at[user].lists, 4);
    fr_demo_lists_fini(&l);
}

static void test_what_is_no_list(void) {
    struct fr_demo_lists l;
    fr_demo_lists_init(&l);
    CHECK_INT(fr_demo_lists_take(&l, FR_STR("u"), FR_STR("{")), FR_DICT_NONE);
    CHECK_INT(fr_demo_lists_take(&l, FR_STR("u"), FR_STR("{\"items\":3}")), FR_DICT_NONE);
    CHECK_INT(l.unreadable, 2);
    CHECK_INT(l.users.n, 0);
    fr_demo_lists_fini(&l);
}

int main(void) {
    RUN(test_list_with_reasons);
    RUN(test_before_and_after);
    RUN(test_what_is_no_list);
    return check_done();
}
