"""Prints tests/unit/learn/als_fixture.h: what the PyPI package implicit (0.7.3) makes of a small matrix.

    pip install implicit && OPENBLAS_NUM_THREADS=1 python3 tests/reference/als.py > tests/unit/learn/als_fixture.h

The factorisation is exact (no conjugate gradients, double precision, 3000 iterations) and regularised so that fewer
factors than there are would do: the best product of users and items is then the only one, whatever the start."""
import warnings

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares

USERS, ITEMS, FACTORS, ALPHA, REGULARISATION, TOP = 30, 24, 16, 5.0, 3.0, 5
warnings.simplefilter("ignore")


def matrix():
    """Three tastes with some noise."""
    rng = np.random.default_rng(7)
    chance = np.full((USERS, ITEMS), 0.06)
    for user in range(USERS):
        chance[user, user % 3 * 8:user % 3 * 8 + 8] = 0.5
    return rng.random((USERS, ITEMS)) < chance


def rows(name, kind, values):
    print(f"static const {kind} {name}[][{len(values[0])}] = {{")
    for row in values:
        print("    {" + ", ".join(str(v) for v in row) + "},")
    print("};")


def main():
    taken = matrix()
    counts = sp.csr_matrix(taken.astype(np.float64))
    model = AlternatingLeastSquares(factors=FACTORS, alpha=ALPHA, regularization=REGULARISATION, iterations=3000,
                                    dtype=np.float64, use_cg=False, num_threads=1, random_state=1)
    model.fit(counts, show_progress=False)
    score = model.user_factors @ model.item_factors.T
    top, _ = model.recommend(np.arange(USERS), counts, N=TOP, filter_already_liked_items=True)
    print("/* Made by tests/reference/als.py: implicit's lists and scores for a small matrix. */")
    print(f"enum {{ ALS_USERS = {USERS}, ALS_ITEMS = {ITEMS}, ALS_FACTORS = {FACTORS}, ALS_TOP = {TOP}, "
          f"ALS_ENTRIES = {int(taken.sum())} }};")
    print(f"static const double als_alpha = {ALPHA}, als_regularisation = {REGULARISATION};")
    rows("als_pairs", "uint32_t", np.argwhere(taken))
    rows("als_top", "uint32_t", top)
    rows("als_scores", "double", [[f"{v:.6f}" for v in row] for row in score[:6]])


main()
