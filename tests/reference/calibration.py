"""Prints the figures in tests/unit/learn/test_calibration.c: what scikit-learn (1.9.1) makes of the same 300 rows.

    pip install scikit-learn && python3 tests/reference/calibration.py

The rows are the test's: a 64-bit splitmix sequence, scores on a grid of 1/10 in -3..3 so that many are equal."""
import numpy as np
from scipy.special import expit
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from binary_quality import splitmix


def main():
    uniform = splitmix(11)
    scores, labels = [], []
    for _ in range(300):
        score = (int(next(uniform) * 61) - 30) / 10
        scores.append(score)
        labels.append(next(uniform) < expit(0.5 * score - 1))
    s, y = np.array(scores), np.array(labels)
    platt = _SigmoidCalibration().fit(s, y)
    print("platt", repr(float(-platt.a_)), repr(float(-platt.b_)))
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(s, y)
    for x in (-4, -3, -1.55, -0.42, 0, 0.77, 1.93, 2.66, 4):
        print("isotonic", x, repr(float(isotonic.predict([x])[0])))


if __name__ == "__main__":
    main()
