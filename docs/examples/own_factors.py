"""Item vectors of one's own for freshet: what `freshet dump users` printed in, a safetensors file for `freshet models import` out.

usage: own_factors.py USERS.jsonl OUT.safetensors      (needs numpy and safetensors)

The vectors here are the singular vectors of the user-item matrix, normalised by degrees; any other way of making vectors
serves as well. What freshet asks of the file stands in docs/MODELS.md: ids in bytewise order, one row of float32 each, and
the time of the latest event that was used, so that the judge looks only at what came later.
"""
import json
import sys

import numpy as np
from safetensors.numpy import save_file


def read(path, share=0.8):
    """Pairs (user, item) before the moment that leaves a share of 1 - `share` for the judge, and that moment."""
    touches = []
    with open(path, encoding="utf-8") as lines:
        for user, line in enumerate(lines):
            for entry in json.loads(line)["history"]:
                touches.append((entry["last_ms"], user, entry["item_id"]))
    touches.sort()
    until = touches[int(len(touches) * share)][0]
    return [(user, item) for at, user, item in touches if at < until], int(until)


def main():
    source, target = sys.argv[1:]
    pairs, until = read(source)
    ids = sorted({item for _, item in pairs}, key=lambda item: item.encode())
    column = {item: i for i, item in enumerate(ids)}
    matrix = np.zeros((max(user for user, _ in pairs) + 1, len(ids)), dtype=np.float32)
    for user, item in pairs:
        matrix[user, column[item]] = 1
    degrees = np.sqrt(np.maximum(matrix.sum(axis=1, keepdims=True), 1) * np.maximum(matrix.sum(axis=0), 1))
    _, values, vectors = np.linalg.svd(matrix / degrees, full_matrices=False)
    k = min(32, len(values))
    text = [item.encode() for item in ids]
    save_file(
        {
            "items.ends": np.cumsum([len(t) for t in text], dtype=np.uint32),
            "items.text": np.frombuffer(b"".join(text), dtype=np.uint8),
            "factors.items": np.ascontiguousarray((vectors[:k] * values[:k, None]).T, dtype=np.float32),
            "factors.ridge": np.array([0.1], dtype=np.float32),
        },
        target,
        metadata={"models": "factors", "data_until_ms": str(until)},
    )
    print(f"{len(ids)} items, {k} factors, data until {until}")


main()
