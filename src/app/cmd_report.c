/* freshet report: what the campaigns have done, from their ledgers in Redis and their records in Kafka. */
#include "campaign_report.h"
#include "campaigns_topic.h"
#include "freshet/app/command.h"
#include "eval_log.h"
#include <stdio.h>

static const char help[] =
    "campaigns   how many people each campaign reached, what they did, what it cost against its plan, what "
    "was\n"
    "            predicted against what happened, and its lift over the control group (docs/TARGETING.md)\n"
    "\n"
    "Figures are as of the latest event in Redis, and exact up to what is under way. --segments reads every "
    "user;\n"
    "of a segment with about 75 people or less nothing is said, and segments that ask for interests, other\n"
    "segments or propensities count nobody in. --permits says of hard budgets what each partition of the "
    "events topic\n"
    "holds: granted since its owner began, closed (billed or handed back), open (can still be billed), and "
    "of the\n"
    "open what owners before it left behind, until when; and for the campaign what is left to grant.\n"
    "\n"
    "Examples:\n"
    "  freshet report campaigns\n"
    "  freshet report campaigns --campaign spring --segments\n"
    "  freshet report campaigns --campaign launch --permits\n"
    "  freshet report campaigns --json | jq -r '.campaigns[] | [.campaign_id, .spent] | @tsv'\n"
    "  freshet report campaigns --plot campaigns.svg\n";

struct request {
    const char *campaign, *plot;
    bool segments, permits;
};

static int print(const struct fr_app *app, const struct request *q, const struct campaign_report *r) {
    struct fr_buf out = {0};
    int code = FR_EXIT_OK;
    if (app->json)
        campaign_report_json(r, &out);
    else
        campaign_report_table(r, &out);
    fwrite(out.data, 1, out.len, stdout);
    if (q->plot) {
        fr_buf_clear(&out);
        campaign_report_plot(r, &out);
        code = eval_write(q->plot, &out);
    }
    fr_buf_fini(&out);
    return code;
}

static bool is_there(const struct request *q, const struct campaign_report *r) {
    if (r->n == 0 && q->campaign)
        fprintf(stderr, "freshet report: there is no campaign %s, and nothing is known of one\n",
                q->campaign);
    else if (r->n == 0)
        fprintf(stderr, "freshet report: there are no campaigns (docs/CAMPAIGNS.md says how to make one)\n");
    return r->n > 0 || !q->campaign;
}

static int report(const struct fr_app *app, const struct request *q, const struct fr_campaign_set *set) {
    struct fr_state_reader reader;
    struct campaign_report r = {0};
    struct fr_errmsg msg = {0};
    struct fr_str only = q->campaign ? fr_str_of(q->campaign) : FR_STR("");
    enum fr_err err = fr_state_open(&reader, &app->config, &msg);
    if (err == FR_OK) err = campaign_report_read(&reader, set, only, &r, &msg);
    if (err == FR_OK && q->segments)
        err =
            campaign_report_segments(&reader, set, fr_str_of(app->config.targeting.audience_salt), &r, &msg);
    r.with_permits = q->permits;
    int code = err == FR_OK ? FR_EXIT_OK : fr_report_failed("report", err, &msg);
    if (err == FR_OK) code = is_there(q, &r) ? print(app, q, &r) : FR_EXIT_NO_INPUT;
    campaign_report_fini(&r);
    fr_state_close(&reader);
    return code;
}

static int run(const struct fr_app *app, const struct request *q) {
    struct fr_wiring wiring;
    struct campaigns_topic topic;
    struct fr_errmsg msg = {0};
    fr_wiring_init(&wiring, &app->config, NULL);
    enum fr_err err = campaigns_topic_read(&wiring.cluster, &topic, &msg);
    int code = err == FR_OK ? FR_EXIT_OK : kafka_command_failed("report", &app->config, err, &msg);
    if (err == FR_OK) {
        struct fr_campaign_set *set = fr_campaign_book_version(topic.book, 1);
        code = report(app, q, set);
        fr_campaign_set_free(set);
    }
    campaigns_topic_fini(&topic);
    fr_wiring_fini(&wiring);
    return code;
}

int fr_cmd_report(struct fr_app *app, int argc, char **argv) {
    struct request q = {0};
    const struct fr_option options[] = {
        {"campaign", 0, "ID", FR_OPTION_TEXT, &q.campaign, "only this one"},
        {"segments", 0, NULL, FR_OPTION_FLAG, &q.segments, "which segments were reached, and what they did"},
        {"permits", 0, NULL, FR_OPTION_FLAG, &q.permits, "what partitions hold of hard budgets"},
        {"plot", 0, "FILE", FR_OPTION_TEXT, &q.plot, "also draw spend and predictions, as SVG"}};
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (argc != 2 || strcmp(argv[1], "campaigns") != 0) return fr_usage("report", "it reports campaigns");
    code = fr_app_configure(app);
    return code == FR_EXIT_OK ? run(app, &q) : code;
}
