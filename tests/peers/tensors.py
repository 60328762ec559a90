"""Holds src/base/tensors_*.c to the reference implementation of safetensors (PyPI).

usage: tensors.py PROGRAM FOLDER. PROGRAM reads a file and writes it again (tests/peers/tensors.c).
What the reference wrote must be read, what freshet wrote must be read by the reference with the same arrays and text,
and what the reference refuses must be refused. Prints how many cases passed and failed.
"""
import random
import subprocess
import sys

import numpy
from safetensors import safe_open
from safetensors.numpy import save_file

TYPES = ["float32", "float64", "int32", "uint32", "int64", "uint64", "uint8"]


def random_arrays(rng):
    arrays = {}
    for i in range(rng.randrange(9)):
        shape = [rng.randrange(5) for _ in range(rng.randrange(5))]
        count = int(numpy.prod(shape, dtype=numpy.int64)) * 8
        raw = numpy.frombuffer(rng.randbytes(count), dtype=numpy.uint8)
        kind = numpy.dtype(rng.choice(TYPES))
        array = raw[: count // 8 * kind.itemsize].view(kind).reshape(shape)
        arrays[rng.choice(["a", "b.c", "été", 'quoted "x"', "\\back", "\u2028"]) + str(i)] = array
    return arrays


def contents(path):
    with safe_open(path, framework="numpy") as f:
        return {k: f.get_tensor(k) for k in f.keys()}, f.metadata() or {}


def same(left, right):
    return left.keys() == right.keys() and all(
        left[k].dtype == right[k].dtype and left[k].shape == right[k].shape and left[k].tobytes() == right[k].tobytes()
        for k in left
    )


def refused_by_reference(path):
    try:
        contents(path)
        return False
    except Exception:  # the reference has an exception type of its own for each fault
        return True


def main():
    program, folder = sys.argv[1:]
    wrote, copied = folder + "/reference.safetensors", folder + "/freshet.safetensors"
    passed = failed = 0

    def case(good, what):
        nonlocal passed, failed
        passed, failed = passed + good, failed + (not good)
        if not good:
            print("not the same:", what)

    for seed in range(100):
        rng = random.Random(seed)
        arrays, said = random_arrays(rng), rng.choice(["", "plain", 'a "b" \\ \n\t\x01 é \U0001f600'])
        save_file(arrays, wrote, metadata={"said": said})
        code = subprocess.run([program, wrote, copied], check=False).returncode
        good = code == 0
        if good:
            read, metadata = contents(copied)
            good = same(arrays, read) and metadata.get("said") == said
        case(good, f"seed {seed}")
        data = bytearray(open(wrote, "rb").read())
        for _ in range(20):
            broken = bytearray(data)
            broken[rng.randrange(min(len(data), 300))] = rng.choice(b'"{}[]:,0123456789 \\')
            if broken == data:
                continue
            with open(wrote, "wb") as f:
                f.write(broken)
            if refused_by_reference(wrote):
                done = subprocess.run([program, wrote, copied], check=False, stderr=subprocess.DEVNULL)
                case(done.returncode == 1, f"seed {seed}: the reference refuses {bytes(broken[:300])!r}")
    print(f"cases: {passed} passed, {failed} failed")
    return failed > 0 or passed == 0


sys.exit(main())
