"""Prints the figures in tests/unit/learn/test_binary_quality.c: what scikit-learn (1.9.1) makes of the same 200 rows.

    pip install scikit-learn && python3 tests/reference/binary_quality.py

The rows are the test's: a 64-bit splitmix sequence, scores on a grid of 1/50 so that many are equal."""
import numpy as np
from sklearn.metrics import (average_precision_score, brier_score_loss, log_loss, precision_recall_curve, roc_auc_score)

MASK = (1 << 64) - 1


def splitmix(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield ((z ^ (z >> 31)) >> 11) * 2.0**-53


def main():
    uniform = splitmix(7)
    scores, labels = [], []
    for _ in range(200):
        score = int(next(uniform) * 51) / 50
        scores.append(score)
        labels.append(next(uniform) < score * score * (3 - 2 * score))
    p, y = np.array(scores), np.array(labels)
    bins = np.minimum((p * 10).astype(int), 9)
    error = sum(abs(y[bins == b].mean() - p[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any())
    precision, recall, thresholds = precision_recall_curve(y, p)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    inner = np.clip(p, 1e-15, 1 - 1e-15)
    print("yes", y.sum())
    for name, value in (("auc", roc_auc_score(y, p)), ("average precision", average_precision_score(y, p)),
                        ("log loss", log_loss(y, inner)), ("brier", brier_score_loss(y, p)),
                        ("calibration error", error), ("best f1", f1.max()), ("threshold", thresholds[f1.argmax()])):
        print(name, repr(float(value)))
    for false_yes, false_no in ((1, 5), (5, 1)):
        costs = [((p >= t) & ~y).sum() * false_yes + ((p < t) & y).sum() * false_no for t in thresholds]
        print("least cost", false_yes, false_no, min(costs), thresholds[len(costs) - 1 - np.argmin(costs[::-1])])


if __name__ == "__main__":
    main()
