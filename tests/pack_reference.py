"""Random values, packed by Python's msgpack: one value a line, in hex. tests/unit/base/test_pack.c reads them, writes
them again and wants the same bytes. Exits 77 when msgpack is not installed (Debian: python3-msgpack)."""
import random
import sys

try:
    import msgpack
except ImportError:
    sys.exit(77)

BORDERS = [0, 1, 31, 32, 33, 127, 128, 129, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
           2**63 - 1]


def value(rng, depth):
    kind = rng.randrange(8 if depth else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        number = rng.choice(BORDERS) if rng.random() < 0.5 else rng.getrandbits(rng.randrange(64))
        return number if rng.random() < 0.5 else -number - 1
    if kind == 3:
        return rng.uniform(-1, 1) * 10 ** rng.randrange(-20, 20)
    length = rng.choice([0, 1, 5, 31, 32, 255, 256, 300]) if rng.random() < 0.99 else 70000
    if kind == 4:
        return "x" * length
    if kind == 5:
        return bytes(length)
    count = rng.choice([0, 1, 2, 15, 16, 17])
    if kind == 6:
        return [value(rng, depth - 1) for _ in range(count)]
    return {str(i): value(rng, depth - 1) for i in range(count)}


random_source = random.Random(17)
for _ in range(1500):
    print(msgpack.packb(value(random_source, 2), use_bin_type=True).hex())
print(msgpack.packb(list(range(70000))).hex())
