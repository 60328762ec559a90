#!/usr/bin/env python3
"""LightGCN (He et al. 2020) on a split, to see whether a published table is of the same protocol: needs numpy and scipy.

    OMP_NUM_THREADS=1 python3 tests/reference/lightgcn.py --train T --valid V --test S [--k 10] [--lr .001] [--layers 3]

64 factors, BPR loss with one negative drawn evenly, batches of 4096, Adam, an L2 weight of 1e-5 on the batch's own factors, as
RecBole's standards are. Every ten epochs the valid file is looked at; the end is when --patience looks brought nothing better, and
the test figures printed last are those of the best look. Lists hold nothing of the other two files. Without --valid the
looks are at the test file: what comes out is more than the model can claim.
"""
import argparse
import gzip

import numpy as np
import scipy.sparse as sp

FACTORS, BATCH, WEIGHT, LOOK_EVERY = 64, 4096, 1e-5, 10


def read_pairs(path, users, items):
    """Lists or triples, as `freshet eval split` takes them; ids get numbers in order."""
    pairs = []
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            words = line.split("\t")[:2] if "\t" in line else line.split()
            user = users.setdefault(words[0], len(users))
            pairs += [(user, items.setdefault(item.strip(), len(items))) for item in words[1:]]
    return np.unique(np.array(pairs), axis=0)


def matrix(pairs, shape):
    return sp.csr_matrix((np.ones(len(pairs), np.float32), (pairs[:, 0], pairs[:, 1])), shape)


def figures(scores, truth, hidden, k):
    """Mean recall and ndcg at k of the users who have a row in truth; ties fall as they may."""
    scores = scores.copy()
    for known in hidden:
        scores[known.nonzero()] = -np.inf
    sizes = np.diff(truth.indptr)
    users = np.flatnonzero(sizes)
    best = np.argsort(-scores[users], axis=1, kind="stable")[:, :k]
    hits = truth.toarray()[users[:, None], best]
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gains)[np.minimum(sizes[users], k) - 1]
    return (hits.sum(1) / sizes[users]).mean(), (hits @ gains / ideal).mean()


class LightGCN:
    def __init__(self, train, layers, rate, rng):
        users, items = train.shape
        graph = sp.bmat([[None, train], [train.T, None]]).tocsr()
        degrees = np.asarray(graph.sum(1)).ravel()
        scale = sp.diags(np.where(degrees > 0, np.maximum(degrees, 1) ** -.5, 0))
        self.graph = (scale @ graph @ scale).tocsr().astype(np.float32)
        self.layers, self.rate, self.rng, self.users, self.items = layers, rate, rng, users, items
        self.pairs = np.array(train.nonzero())
        self.keys = np.sort(self.pairs[0] * items + self.pairs[1])
        self.factors = np.concatenate([rng.uniform(-1, 1, (n, FACTORS)) * (6 / (n + FACTORS)) ** .5
                                       for n in (users, items)]).astype(np.float32)
        self.mean, self.square, self.steps = 0, 0, 0

    def propagated(self, start):
        """The mean over the layers; the graph is symmetric, so this is its own gradient's way back."""
        total, layer = start.copy(), start
        for _ in range(self.layers):
            layer = self.graph @ layer
            total += layer
        return total / (self.layers + 1)

    def negatives(self, users):
        drawn = self.rng.integers(0, self.items, len(users))
        while True:
            keys = users * self.items + drawn
            taken = self.keys[np.searchsorted(self.keys, keys) % len(self.keys)] == keys
            if not taken.any():
                return drawn
            drawn[taken] = self.rng.integers(0, self.items, taken.sum())

    def learn(self, users, liked):
        rows = np.concatenate([users, self.users + liked, self.users + self.negatives(users)])
        user, like, other = np.split(self.propagated(self.factors)[rows], 3)
        pull = (-1 / (1 + np.exp((user * (like - other)).sum(1))) / len(users)).astype(np.float32)[:, None]
        parts = np.concatenate([pull * (like - other), pull * user, -pull * user])
        spread = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, np.arange(len(rows)))),
                               (len(self.factors), len(rows)))
        slope = self.propagated(spread @ parts) + WEIGHT / len(users) * (spread @ self.factors[rows])
        self.steps += 1
        self.mean = .9 * self.mean + .1 * slope
        self.square = .999 * self.square + .001 * slope ** 2
        size = np.sqrt(self.square / (1 - .999 ** self.steps)) + 1e-8
        self.factors -= self.rate * self.mean / (1 - .9 ** self.steps) / size

    def epoch(self):
        order = self.rng.permutation(self.pairs.shape[1])
        for first in range(0, len(order), BATCH):
            self.learn(*self.pairs[:, order[first:first + BATCH]])

    def scores(self):
        last = self.propagated(self.factors)
        return last[:self.users] @ last[self.users:].T


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--train", "--test"):
        parser.add_argument(name, required=True)
    parser.add_argument("--valid")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--lr", type=float, default=.001)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--patience", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    users, items = {}, {}
    pairs = [read_pairs(path, users, items) for path in (given.train, given.test, given.valid) if path]
    train, test, *valid = [matrix(some, (len(users), len(items))) for some in pairs]
    model = LightGCN(train, given.layers, given.lr, np.random.default_rng(given.seed))
    best, since, epochs = (0, 0), 0, 0
    while since < given.patience:
        for _ in range(LOOK_EVERY):
            model.epoch()
        epochs += LOOK_EVERY
        scores = model.scores()
        tested = figures(scores, test, [train, *valid], given.k)
        looked = figures(scores, valid[0], [train], given.k) if valid else tested
        since += 1
        if looked[1] > best[1]:
            best, since, told = looked, 0, (epochs, tested)
            print(f"epoch {epochs}: looked at {looked[0]:.4f} / {looked[1]:.4f}, tested {tested[0]:.4f} / {tested[1]:.4f}",
                  flush=True)
    print(f"of epoch {told[0]}: recall {told[1][0]:.4f}, ndcg {told[1][1]:.4f} at {given.k}")


main()
