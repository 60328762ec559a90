/* judge.h - whether a candidate may replace what is in force, and whether it must go again: two tests, stated in advance.
 *
 * Before    paired: both are asked for lists of the same users, whose later choices neither has seen. With d the differences
 *           of a figure (ndcg), candidate less incumbent, t = mean(d) / (sd(d) / sqrt(n)), n - 1 degrees of freedom
 *           (Student's paired test, one-sided). A candidate is accepted unless it is worse with p < alpha; with fewer
 *           than cases_least cases nothing is known, and it is refused.
 * After     group-sequential: the share of hits since the promotion against the share before, looked at `looks` times, once
 *           for each `block` outcomes. With a tolerated drop r,
 *
 *               z = (p_after - (1 - r) p_before) / sqrt(p_after q_after / n_after + (1 - r)^2 p_before q_before / n_before)
 *
 *           and the candidate goes when z < -z(alpha / looks): by Bonferroni one that is within the drop is rolled back
 *           with a probability of at most alpha (to the accuracy of the normal approximation). It stays for good after
 *           the last look.
 * Threads   pure; a monitor has one owner.
 * Memory    a monitor is plain data. */
#ifndef FR_LEARN_JUDGE_H
#define FR_LEARN_JUDGE_H

#include "freshet/base/tensors.h"

struct fr_judge_params {
    double alpha; /* 0 to 0.5: how often a candidate as good as the incumbent may be refused */
    uint32_t cases_least;
};

#define FR_JUDGE_DEFAULTS ((struct fr_judge_params){.alpha = 0.05, .cases_least = 30})

struct fr_verdict {
    bool accepted;
    uint32_t cases;
    double candidate, incumbent; /* means of the figure */
    double difference;           /* candidate less incumbent */
    double lower, upper;         /* of the difference, with 95 % confidence */
    double p_worse;              /* of the test above; 1 when there are too few cases */
    const char *because;         /* one constant sentence */
};

/* candidate[n], incumbent[n]: the figure of each case. */
struct fr_verdict fr_judge(const struct fr_judge_params *p, const float *candidate, const float *incumbent,
                           uint32_t n);

/* P(T <= t) for Student's distribution, df > 0. */
double fr_student_cdf(double t, double df);
/* The t below which a share p of it lies, 0 < p < 1. */
double fr_student_quantile(double p, double df);
double fr_normal_cdf(double z);
double fr_normal_quantile(double p);

enum { FR_MONITOR_BLOCKS = 32 };

struct fr_monitor_params {
    uint32_t block, looks; /* 1 to 1e6, 1 to 1000 */
    double alpha;          /* 0 to 0.5 */
    double drop;           /* 0 to 1, of the share before: what is tolerated */
};

#define FR_MONITOR_DEFAULTS \
    ((struct fr_monitor_params){.block = 1000, .looks = 20, .alpha = 0.01, .drop = 0.05})

struct fr_monitor_count {
    uint32_t n, hits;
};

enum fr_monitor_state {
    FR_MONITOR_IDLE,     /* nothing is on trial */
    FR_MONITOR_WATCHING, /* what was promoted is on trial */
    FR_MONITOR_SETTLED,  /* said once: it stays */
    FR_MONITOR_ROLL_BACK /* said once: it goes */
};

struct fr_monitor {
    struct fr_monitor_count blocks[FR_MONITOR_BLOCKS]; /* what is in force, latest blocks, a ring */
    struct fr_monitor_count current;                   /* the block being filled */
    struct fr_monitor_count before, after;             /* while watching, and of the last trial */
    uint32_t next;                                     /* block to be replaced */
    uint32_t look;
    bool watching;
};

/* Begins a trial: what was seen so far is what the new one is held to. False: too little was seen (less than a block), there
 * is no trial. */
bool fr_monitor_promoted(struct fr_monitor *m);
/* One outcome of what is in force now: whether the item that a user took to next was in the list. */
enum fr_monitor_state fr_monitor_add(struct fr_monitor *m, const struct fr_monitor_params *p, bool hit);
/* z of the trial as it stands; 0 when there is none. */
double fr_monitor_z(const struct fr_monitor *m, const struct fr_monitor_params *p);

/* As the array "monitor". */
void fr_monitor_save(const struct fr_monitor *m, struct fr_tensors_writer *w);
enum fr_err fr_monitor_load(struct fr_monitor *m, const struct fr_tensors_file *f,
                            struct fr_errmsg *msg) FR_MUST_USE;

#endif
