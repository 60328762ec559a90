/* eval.h - what `freshet eval` can measure: one row of FR_EVAL_MAP and one function fr_eval_<name> in
 * src/app/eval_<name>.c each.
 *
 * Rules     progress and complaints go to standard error, figures to standard output: a table, or with --json one object a
 *           line. Inputs that cannot be used: FR_EXIT_NO_INPUT, with file and line. */
#ifndef FR_APP_EVAL_H
#define FR_APP_EVAL_H

#include "freshet/app/command.h"

/* name, one line */
#define FR_EVAL_MAP(X)                                                               \
    X(split, "models on a train and a test file: who gets back what was held out")   \
    X(cold, "models on users and items that they have not seen, by group")           \
    X(sessions, "models of what comes next in a visit, on a train and a test file")  \
    X(propensity, "who will buy, come back or leave: models on a table or on a log") \
    X(policy, "what another policy would have earned, from a log with propensities") \
    X(stream, "the lists on a whole log, event by event: test first, then learn")    \
    X(pacing, "a simulated day of ads: spend against plan, caps, overspend")         \
    X(ctr, "click and conversion predictions on a whole log: test first, then learn")

/* argv[0] is "eval", so that fr_options_read and fr_usage speak of it; the measurement's name is not in argv any more. */
#define FR_EVAL_DECLARE(name, summary) int fr_eval_##name(struct fr_app *app, int argc, char **argv);
FR_EVAL_MAP(FR_EVAL_DECLARE)
#undef FR_EVAL_DECLARE

#endif
