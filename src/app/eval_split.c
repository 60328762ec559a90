/* freshet eval split: models on a train and a test file. */
#include "freshet/app/eval.h"
#include <stdio.h>

static const char help_text[] =
    "Examples:\n"
    "  freshet eval split --train gowalla.train.txt.gz --test gowalla.test.txt.gz --models all\n";

int fr_eval_split(struct fr_app *app, int argc, char **argv) {
    const char *train = NULL, *test = NULL;
    const struct fr_option options[] = {
        {"train", 0, "FILE", FR_OPTION_TEXT, &train, "what models learn from"},
        {"test", 0, "FILE", FR_OPTION_TEXT, &test, "what they are held to"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help_text, &argc, argv);
    if (code >= 0) return code;
    if (argc > 1) return fr_usage("eval", "split takes no %s", argv[1]);
    if (!train || !test) return fr_usage("eval", "split needs --train and --test");
    fprintf(stderr, "freshet eval: this build has no models to measure\n");
    return FR_EXIT_UNAVAILABLE;
}
