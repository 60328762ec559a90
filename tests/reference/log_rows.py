"""XGBoost on the rows that `freshet eval propensity --events ... --rows FILE` wrote: the same features, the same division by time.

    pip install scikit-learn xgboost pandas && python3 tests/reference/log_rows.py FILE [ROUNDS]

Learns from the rows whose part is learn, is asked for those of ask; ROUNDS trees (300) of depth 4 at a rate of 0.03."""
import sys

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from xgboost import XGBClassifier


def main():
    table = pd.read_csv(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    x = table.drop(columns=["user", "time_ms", "part", "label"]).to_numpy(np.float64)
    y = table["label"].to_numpy()
    learnt, asked = (table["part"] == "learn").to_numpy(), (table["part"] == "ask").to_numpy()
    model = XGBClassifier(n_estimators=rounds, max_depth=4, learning_rate=0.03, subsample=0.8, colsample_bytree=0.6,
                          tree_method="hist", n_jobs=1, random_state=42).fit(x[learnt], y[learnt])
    p = model.predict_proba(x[asked])[:, 1]
    print(f"rows {learnt.sum()} + {asked.sum()}, yes {y[learnt].mean():.4f} and {y[asked].mean():.4f}")
    print(f"auc {roc_auc_score(y[asked], p):.4f}  average precision {average_precision_score(y[asked], p):.4f}  "
          f"log loss {log_loss(y[asked], p):.4f}  brier {brier_score_loss(y[asked], p):.4f}")


main()
