/* freshet doctor: is everything as it has to be, and how far is the state? */
#include "doctor.h"
#include <stdio.h>
#include <stdlib.h>

static void audit(struct doctor *d) {
    if (!d->store_there) return;
    if (d->kafka_there && !doctor_is_quiet(d))
        doctor_advise(d, false,
                      "the audit means nothing yet: the stored states lack records of the log. Let freshet "
                      "catch up (freshet run --until-idle 5), stop it, and ask again");
    if (!d->kafka_there)
        doctor_advise(d, false, "without Kafka it is not known whether the stored states have all records");
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_audit_run(&d->reader, &d->audit, &msg);
    d->audited = err == FR_OK;
    if (d->audited && d->audit.differences)
        doctor_advise(
            d, true,
            "the aggregate state is not what the histories say. If the affinity topic still has all its "
            "records, stop freshet, delete the keys %s:aggregate:* and start it: it counts them anew",
            d->config->topic_prefix);
    if (!d->audited) doctor_advise(d, true, "audit: %s", *msg.text ? msg.text : fr_err_text(err));
}

static int exit_of(const struct doctor *d, bool audit_wanted) {
    if (!d->store_there || !d->kafka_there) return FR_EXIT_UNAVAILABLE;
    if (audit_wanted && !d->audited) return FR_EXIT_INTERNAL;
    if (audit_wanted) return d->audit.differences ? 1 : FR_EXIT_OK;
    return d->errors ? FR_EXIT_CONFIG : FR_EXIT_OK;
}

static const char help_text[] =
    "Looks at Redis, Kafka, the topics, the keys, and for each partition at how far the stored state (o_r) "
    "and\n"
    "the committed offset (o_k) are; says in plain words what to change. BEHIND are records that the stored\n"
    "state does not have yet. Exit code 78 when something must be mended, 69 when Redis or Kafka is away.\n"
    "\n"
    "--audit computes all counts and pairs again from all histories in Redis and compares: exit code 0 "
    "equal,\n"
    "1 different. It is exact only when freshet has caught up and is stopped, and it needs about 32 bytes "
    "of\n"
    "memory for each count and pair of all items.\n";

int fr_cmd_doctor(struct fr_app *app, int argc, char **argv) {
    bool audit_wanted = false;
    const struct fr_option options[] = {
        {"audit", 0, NULL, FR_OPTION_FLAG, &audit_wanted,
         "compare the aggregate state with all user histories"},
    };
    int code = fr_options_read(app, options, 1, help_text, &argc, argv);
    if (code >= 0) return code;
    if (argc > 1) return fr_usage("doctor", "%s: this command takes no arguments", argv[1]);
    code = fr_app_configure(app);
    if (code) return code;
    struct doctor *d = fr_alloc(sizeof *d);
    doctor_look(d, &app->config);
    if (audit_wanted) audit(d);
    struct fr_buf out = {0};
    if (app->json)
        doctor_json(d, &out);
    else
        doctor_text(d, &out);
    fwrite(out.data, 1, out.len, stdout);
    code = exit_of(d, audit_wanted);
    fr_buf_fini(&out);
    doctor_fini(d);
    free(d);
    return code;
}
