"""Prints tests/unit/learn/mlp_fixture.h: what scikit-learn (1.9.1) makes of a small set from the same first weights.

    pip install scikit-learn && python3 tests/reference/mlp.py > tests/unit/learn/mlp_fixture.h

Inputs and first weights come from a formula that tests/unit/learn/test_mlp.c has too, so only results are printed. Three
classes with full batches, and two classes (one logistic output) with batches of 10 in order; Adam, no regularisation."""
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

ROWS, INPUTS, HIDDEN, EPOCHS, RATE = 40, 6, (8, 5), 20, 0.01
warnings.simplefilter("ignore")


def number(i):
    return (i * 7919 + 104729) % 1000 / 1000 - 0.5


def inputs():
    return np.array([[2 * number(r * INPUTS + c) for c in range(INPUTS)] for r in range(ROWS)])


def classes(x, n):
    return np.array([int(np.floor((row[0] * row[1] + row[2] + 10) * 3)) % n for row in x])


def first_weights(sizes):
    """Layer by layer, weights then biases."""
    at, weights, biases = 0, [], []
    for rows, columns in zip(sizes, sizes[1:]):
        w = np.array([number(at + i) for i in range((rows + 1) * columns)])
        weights.append(w[:rows * columns].reshape(rows, columns))
        biases.append(w[rows * columns:])
        at += (rows + 1) * columns
    return weights, biases


def floats(name, values):
    print(f"static const double {name}[] = {{{', '.join(f'{v:.7f}' for v in values)}}};")


def train(name, class_n, outputs, batch):
    x = inputs()
    y = classes(x, class_n)
    model = MLPClassifier(HIDDEN, alpha=0, batch_size=batch, learning_rate_init=RATE, shuffle=False, max_iter=1,
                          warm_start=True, tol=0, n_iter_no_change=1000, random_state=0)
    model.fit(x, y)
    model.coefs_, model.intercepts_ = first_weights((INPUTS, *HIDDEN, outputs))
    model.loss_curve_, model.max_iter = [], EPOCHS
    model.fit(x, y)
    floats(f"{name}_losses", model.loss_curve_)
    floats(f"{name}_weights", np.concatenate([np.concatenate([w.ravel(), b])
                                              for w, b in zip(model.coefs_, model.intercepts_)]))


print("/* Made by tests/reference/mlp.py: scikit-learn's losses and last weights. */")
print(f"enum {{ MLP_ROWS = {ROWS}, MLP_INPUTS = {INPUTS}, MLP_EPOCHS = {EPOCHS} }};")
train("softmax", 3, 3, ROWS)
train("logistic", 2, 1, 10)
