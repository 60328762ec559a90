/* spectral.h - a graph filter: what is near in the graph of users and items, locally and as a whole.
 *
 * Score     s = D^b [ A + V G V^T ] D^-b r, r the history, D the items' degrees (sums of values), where
 *             P  = N^T N, N = D_U^-1/2 R D_I^-1/2, is the graph of items
 *             V  global: the `factors` largest right singular vectors of N; l = (s / s_1)^2 their eigenvalues, l_last the least
 *             h  ChebyCF's polynomial (K = 8, phi = 1.5), f(x) = curve * h(x) + (1 - curve) * x
 *             with `ridge` > 0, f is flattened: f (l_last + ridge) / (f + ridge), so what is large counts for less and what is
 *                about l_last stays, as a ridge regression of N on itself weighs its vectors
 *             b  popularity: how much a popular item is preferred over what the graph itself says
 *           and with `steps` > 1
 *             A  = p(P), p the polynomial of degree `steps` (up to 3) for f on [0, l_last] (learn/polynomial.h; the interval is at
 *                least FR_SPECTRAL_INTERVAL), and G = global + f(l) - p(l): together f(P) + global V V^T but for what p misses
 *                on that interval
 *           with `steps` = 1
 *             A  local: of each item the strongest `neighbors` edges of D_I^-1/2 R^T D_U^-damping R D_I^-1/2, scaled so that all
 *                edges weigh the same in sum whatever the damping (1: each user counts once, 0: each pair)
 *             G  = global + f(l) - l, with h / w for h in f, w = h(l) / l at the last vector, .75 to 1.25: with a curve of 1 and
 *                no ridge, A + V G V^T is h(P) / w + global V V^T where V reaches, and goes on as P where it does not
 *           with `smooth` > 0, D is the degrees + smooth, and P is scaled so that its largest eigenvalue is 1: without, an item
 *                of one user is bound to him as if that were known for certain, and where there are many of them they and not
 *                the taste of many are what the first vectors hold.
 *           Both parts are linear in the history: a new user or event needs no fit.
 * Values    factors up to the catalogue; fewer are taken when 24 bytes * (users + items) * factors exceed FR_SPECTRAL_BYTES,
 *           fewer neighbors when 8 bytes * items * neighbors exceed FR_SPECTRAL_GRAPH_BYTES. One step is walked, whatever
 *           `steps` says, of more than FR_SPECTRAL_WALKED entries, and by a model that is itself published (struct fr_fit): it
 *           would hold what people touched, and a list would cost what below is said of a history.
 * Cost      fit: fr_svd, and with one step the item pairs; score: 2 * items * factors operations a user, and with one step the edges
 *           of the history, with more those of learn/propagate.h: 8 million for three steps and 800,000 entries.
 * Memory    4 bytes * items * (factors + 2 * neighbors), or * factors and 16 bytes an entry.
 * Source    GF-CF (Shen 2021), LinkProp (Fu 2022), ChebyCF (Kim 2025): D^b and h, here without applying P eight times to
 *           each user. smooth: regularised spectral clustering (Chaudhuri, Chung, Tsiatas 2012). */
#ifndef FR_LEARN_SPECTRAL_H
#define FR_LEARN_SPECTRAL_H

#include "freshet/learn/model.h"

#define FR_SPECTRAL_BYTES ((size_t)2 << 30)
#define FR_SPECTRAL_GRAPH_BYTES ((size_t)1 << 30)
#define FR_SPECTRAL_WALKED ((size_t)2000000)
#define FR_SPECTRAL_INTERVAL .01

/* The order of its parameters. */
enum {
    FR_SPECTRAL_FACTORS,
    FR_SPECTRAL_NEIGHBORS,
    FR_SPECTRAL_POPULARITY,
    FR_SPECTRAL_GLOBAL,
    FR_SPECTRAL_CURVE,
    FR_SPECTRAL_DAMPING,
    FR_SPECTRAL_STEPS,
    FR_SPECTRAL_SMOOTH,
    FR_SPECTRAL_RIDGE,
    FR_SPECTRAL_PARAMETERS
};

extern const struct fr_model_ops fr_spectral_ops; /* "spectral" */

#endif
