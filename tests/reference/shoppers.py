"""scikit-learn and XGBoost on the folds of `freshet eval propensity --table FILE --label LABEL --folds K --seed SEED`.

    pip install scikit-learn xgboost pandas
    python3 tests/reference/shoppers.py FILE LABEL [--categories A,B] [--folds 10] [--seed 1] [--models xgboost,forest,hist,logistic,mlp]

Prints one line a model: means over the folds as freshet's report has them, and the calibration error of all rows together. The
threshold of F1 is chosen on scores of inner folds (4) within the rows that are learnt from."""
import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, log_loss, precision_recall_curve, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer
from xgboost import XGBClassifier

MASK = (1 << 64) - 1
warnings.simplefilter("ignore")


def splitmix(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def folds(labels, k, seed):
    """As learn/folds.h says."""
    fold = [0] * len(labels)
    for label in (0, 1):
        rows = [i for i, y in enumerate(labels) if y == label]
        numbers = splitmix(seed + label)
        for i in range(len(rows), 1, -1):
            j = ((next(numbers) >> 32) * i) >> 32
            rows[j], rows[i - 1] = rows[i - 1], rows[j]
        for i, row in enumerate(rows):
            fold[row] = i % k
    return np.array(fold)


def calibration_error(y, p):
    bins = np.minimum((p * 10).astype(int), 9)
    return sum(abs(y[bins == b].mean() - p[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any())


def threshold_of(make, x, y):
    scores = cross_val_predict(make(), x, y, cv=StratifiedKFold(4, shuffle=True, random_state=1), method="predict_proba")[:, 1]
    precision, recall, cuts = precision_recall_curve(y, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return cuts[min(int(f1.argmax()), len(cuts) - 1)]


MODELS = {
    "xgboost": lambda: XGBClassifier(n_estimators=300, max_depth=4, learning_rate=0.03, subsample=0.8, colsample_bytree=0.6,
                                     tree_method="hist", n_jobs=1, random_state=42),
    "forest": lambda: RandomForestClassifier(400, min_samples_leaf=2, n_jobs=1, random_state=42),
    "hist": lambda: HistGradientBoostingClassifier(max_iter=150, learning_rate=0.06, max_leaf_nodes=15, l2_regularization=1.0,
                                                   random_state=42),
    "logistic": lambda: make_pipeline(QuantileTransformer(n_quantiles=200, random_state=0), LogisticRegression(max_iter=500)),
    "mlp": lambda: make_pipeline(QuantileTransformer(n_quantiles=200, random_state=0),
                                 MLPClassifier((64, 32), alpha=1e-2, early_stopping=True, batch_size=256, max_iter=40,
                                               random_state=42)),
}


def measure(make, x, y, fold, k):
    rows, every, fit_s = [], np.zeros(len(y)), 0
    for f in range(k):
        learnt, asked = fold != f, fold == f
        cut = threshold_of(make, x[learnt], y[learnt])
        start = time.time()
        model = make().fit(x[learnt], y[learnt])
        fit_s += time.time() - start
        p = every[asked] = np.clip(model.predict_proba(x[asked])[:, 1], 1e-6, 1 - 1e-6)
        rows.append((roc_auc_score(y[asked], p), average_precision_score(y[asked], p), f1_score(y[asked], p >= cut),
                     log_loss(y[asked], p), brier_score_loss(y[asked], p), calibration_error(y[asked], p)))
    return np.mean(rows, 0), calibration_error(y, every), fit_s / k


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("label")
    parser.add_argument("--categories", default="")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--models", default=",".join(MODELS))
    given = parser.parse_args()
    table = pd.read_csv(given.file)
    y = table.pop(given.label).astype(str).str.lower().isin(["true", "yes", "1"]).to_numpy().astype(int)
    named = [c for c in given.categories.split(",") if c]
    named += [c for c in table if c not in named and not pd.api.types.is_numeric_dtype(table[c]) or table[c].dtype == bool]
    numbers = table.drop(columns=named).to_numpy(np.float64)
    x = np.hstack([numbers, pd.get_dummies(table[named].astype(str)).to_numpy(np.float64)]) if named else numbers
    fold = folds(y, given.folds, given.seed)
    print("model      auc     avg_prec  f1      log_loss  brier   by_split  cal_err  fit_s")
    for name in given.models.split(","):
        m, error, fit_s = measure(MODELS[name], x, y, fold, given.folds)
        print(f"{name:9s}  {m[0]:.4f}  {m[1]:.4f}    {m[2]:.4f}  {m[3]:.4f}    {m[4]:.4f}  {m[5]:.4f}    {error:.4f}   {fit_s:.2f}",
              flush=True)


if __name__ == "__main__":
    main()
