"""The package implicit and `freshet eval split --models als`, one after the other on the same files and threads.

    pip install implicit && OPENBLAS_NUM_THREADS=1 python3 tests/reference/als_beside_implicit.py FRESHET TRAIN TEST [THREADS]

FRESHET is the built program; TRAIN and TEST are lists (`user item item ...` a line, plain or gzip). implicit has 256 factors, alpha
40, regularisation 10, 15 iterations (chosen on a holdout of Gowalla's training file); freshet its standards, no search. Prints a row
each, and the ratios of times (above 1: freshet is faster)."""
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares

K = 20
warnings.simplefilter("ignore")


def read(path):
    users, items = [], []
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as lines:
        for line in lines:
            numbers = [int(n) for n in line.split()]
            users += numbers[:1] * (len(numbers) - 1)
            items += numbers[1:]
    return np.array(users), np.array(items)


def matrices(train, test):
    shape = tuple(max(a.max(), b.max()) + 1 for a, b in zip(train, test))
    made = [sp.csr_matrix((np.ones(len(p[0]), np.float32), p), shape=shape) for p in (train, test)]
    for m in made:
        m.data[:] = 1
    return made


def measure(lists, test):
    """Recall over the test items, ideal gain over min(K, test items), means over users who have some."""
    gains = 1 / np.log2(np.arange(2, K + 2))
    recalls, ndcgs = [], []
    for user, row in enumerate(lists):
        wanted = test.indices[test.indptr[user]:test.indptr[user + 1]]
        if len(wanted):
            hits = np.isin(row, wanted)
            recalls.append(hits.sum() / len(wanted))
            ndcgs.append((hits * gains).sum() / gains[:min(K, len(wanted))].sum())
    return float(np.mean(recalls)), float(np.mean(ndcgs))


def implicit_row(train, test, threads):
    train, test = matrices(read(train), read(test))
    model = AlternatingLeastSquares(factors=256, alpha=40, regularization=10, iterations=15, num_threads=threads,
                                    random_state=42)
    begun, cpu = time.perf_counter(), time.process_time()
    model.fit(train, show_progress=False)
    fitted = time.perf_counter()
    lists, _ = model.recommend(np.arange(train.shape[0]), train, N=K, filter_already_liked_items=True)
    scored, cpu = time.perf_counter(), time.process_time() - cpu
    recall, ndcg = measure(lists, test)
    return {"model": "implicit", "recall": recall, "ndcg": ndcg, "fit_seconds": fitted - begun,
            "score_seconds": scored - fitted, "cpu_seconds": cpu}


def freshet_row(program, train, test, threads):
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as standards:
        standards.write('{"freshet": "parameters", "version": 1, "models": {"als": {}}}')
        standards.flush()
        out = subprocess.run([program, "eval", "split", "--train", train, "--test", test, "--models", "als", "--params",
                              standards.name, "--k", str(K), "--threads", str(threads), "--json"],
                             env=environment, check=True, capture_output=True, text=True).stdout
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    row = next(row for row in map(json.loads, out.splitlines()) if row.get("model") == "als")
    return row | {"cpu_seconds": spent.ru_utime + spent.ru_stime}  # reading the files included


def main():
    program, train, test = sys.argv[1:4]
    threads = int(sys.argv[4]) if len(sys.argv) > 4 else 2
    peer, ours = implicit_row(train, test, threads), freshet_row(program, train, test, threads)
    for row in (peer, ours):
        print(f"{row['model']:9} recall@{K} {row['recall']:.4f} ndcg@{K} {row['ndcg']:.4f} "
              f"fit {row['fit_seconds']:.1f} s, score {row['score_seconds']:.1f} s, "
              f"processor {row['cpu_seconds']:.1f} s", flush=True)
    for what in ("fit_seconds", "score_seconds", "cpu_seconds"):
        print(f"implicit / freshet {what} {peer[what] / ours[what]:.2f}")


main()
