/* freshet eval: which measurement. Each reads its own options, so the name is looked for before any option is. */
#include "freshet/app/eval.h"
#include <stdio.h>

static const struct measurement {
    const char *name, *summary;
    int (*run)(struct fr_app *app, int argc, char **argv);
} measurements[] = {
#define MEASUREMENT(name, summary) {#name, summary, fr_eval_##name},
    FR_EVAL_MAP(MEASUREMENT)
#undef MEASUREMENT
};

enum { MEASUREMENT_N = sizeof measurements / sizeof *measurements };

static const struct measurement *find(const char *name) {
    for (unsigned i = 0; i < MEASUREMENT_N; i++)
        if (strcmp(measurements[i].name, name) == 0) return &measurements[i];
    return NULL;
}

static int no_measurement(struct fr_app *app, int argc, char **argv) {
    struct fr_buf text = {0};
    const char *names[MEASUREMENT_N];
    fr_buf_printf(&text, "What is measured:\n");
    for (unsigned i = 0; i < MEASUREMENT_N; i++) {
        names[i] = measurements[i].name;
        fr_buf_printf(&text, "  %-10s%s\n", measurements[i].name, measurements[i].summary);
    }
    fr_buf_printf(&text, "\n`freshet eval NAME --help` says more, docs/EVALUATION.md how each is done.\n");
    fr_buf_byte(&text, 0);
    int code = fr_options_read(app, NULL, 0, text.data, &argc, argv);
    fr_buf_fini(&text);
    if (code >= 0) return code;
    if (argc < 2) return fr_usage("eval", "say what to measure");
    const char *near = fr_suggest(argv[1], names, MEASUREMENT_N);
    if (near) return fr_usage("eval", "%s: there is no such measurement; did you mean %s?", argv[1], near);
    return fr_usage("eval", "%s: there is no such measurement", argv[1]);
}

int fr_cmd_eval(struct fr_app *app, int argc, char **argv) {
    for (int at = 1; at < argc; at++) {
        const struct measurement *m = find(argv[at]);
        if (!m) continue;
        memmove(argv + at, argv + at + 1, (size_t)(argc - at) * sizeof *argv); /* with the NULL at the end */
        return m->run(app, argc - 1, argv);
    }
    return no_measurement(app, argc, argv);
}
