"""Prints the constants in tests/unit/learn/test_ftrl.c: what Vowpal Wabbit's --ftrl makes of the same 400 rows.

    pip install vowpalwabbit && python3 tests/reference/ftrl.py

Vowpal Wabbit (9.11) keeps single precision too. (river's FTRLProximal is no reference: it steps from weights that are one
step old.)"""
import math

from vowpalwabbit import Workspace

MASK = (1 << 64) - 1


def splitmix(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def rows(n):
    numbers = splitmix(7)

    def below(limit):
        return ((next(numbers) >> 32) * limit) >> 32

    for _ in range(n):
        x = {}
        for field in range(5):
            place = field * 12 + below(12)
            x[place] = below(9) / 4 - 1
        first = next(iter(x))
        yield x, (next(numbers) >> 11) * 2.0**-53 < (.8 if first < 6 else .3)


def main():
    model = Workspace("--ftrl --ftrl_alpha .1 --ftrl_beta 1 --l1 .05 --l2 .5 --loss_function logistic --link logistic "
                      "--noconstant --quiet")
    loss = 0
    for x, label in rows(400):
        example = model.example(("1" if label else "-1") + " | " + " ".join(f"{i}:{v}" for i, v in x.items() if v))
        p = model.predict(example)
        loss -= math.log(p if label else 1 - p)
        model.learn(example)
        model.finish_example(example)
    print(f"loss {loss / 400:.6f}")
    print(", ".join(f"{model.get_weight(place):.7f}" for place in range(60)))


main()
