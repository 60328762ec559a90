/* spectral.h - a graph filter: what is near in the graph of users and items, locally and as a whole.
 *
 * Score     s = D^b [ W + V G V^T ] D^-b r, r the history, D the items' degrees (sums of values), where
 *             W  local: of each item the strongest `neighbors` edges of P = D_I^-1/2 R^T D_U^-damping R D_I^-1/2, scaled so
 *                that all edges weigh the same in sum whatever the damping (1: each user counts once, 0: each pair)
 *             V  global: the `factors` largest right singular vectors of N = D_U^-1/2 R D_I^-1/2; with l = (s / s_1)^2,
 *                G = global + curve * (h(l) / w - l), h ChebyCF's polynomial (K = 8, phi = 1.5), w = h(l) / l at the last
 *                vector, .75 to 1.25: with a curve of 1, W + V G V^T is h(P) / w + global V V^T where V reaches, and
 *                goes on as P where it does not
 *             b  popularity: how much a popular item is preferred over what the graph itself says
 *           Both parts are linear in the history: a new user or event needs no fit.
 * Values    factors up to the catalogue; fewer are taken when 24 bytes * (users + items) * factors exceed FR_SPECTRAL_BYTES,
 *           fewer neighbors when 8 bytes * items * neighbors exceed FR_SPECTRAL_GRAPH_BYTES.
 * Cost      fit: fr_svd and the item pairs; score: 2 * items * factors operations a user and the edges of the history.
 * Memory    4 bytes * items * (factors + 2 * neighbors).
 * Source    GF-CF (Shen 2021), LinkProp (Fu 2022), ChebyCF (Kim 2025): D^b and h, here without
 *           applying P eight times to each user. */
#ifndef FR_LEARN_SPECTRAL_H
#define FR_LEARN_SPECTRAL_H

#include "freshet/learn/model.h"

#define FR_SPECTRAL_BYTES ((size_t)2 << 30)
#define FR_SPECTRAL_GRAPH_BYTES ((size_t)1 << 30)

/* The order of its parameters. */
enum {
    FR_SPECTRAL_FACTORS,
    FR_SPECTRAL_NEIGHBORS,
    FR_SPECTRAL_POPULARITY,
    FR_SPECTRAL_GLOBAL,
    FR_SPECTRAL_CURVE,
    FR_SPECTRAL_DAMPING,
    FR_SPECTRAL_PARAMETERS
};

extern const struct fr_model_ops fr_spectral_ops; /* "spectral" */

#endif
