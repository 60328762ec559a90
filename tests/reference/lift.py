"""Prints the figures in tests/unit/target/test_lift.c: what statsmodels and scipy make of the same counts.

    pip install scipy statsmodels && python3 tests/reference/lift.py"""
from scipy.stats import chi2
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest


def main():
    for yes1, n1, yes0, n0 in ((530, 10000, 45, 1000), (3, 40, 1, 35), (120, 1000, 150, 1000)):
        print("counts", yes1, n1, yes0, n0)
        print("  difference", *confint_proportions_2indep(yes1, n1, yes0, n0, method="newcomb", compare="diff"))
        low, high = confint_proportions_2indep(yes1, n1, yes0, n0, method="log", compare="ratio")
        print("  relative", low - 1, high - 1)
        print("  z, p", *proportions_ztest([yes1, yes0], [n1, n0]))
        print("  wilson of the first", *proportion_confint(yes1, n1, method="wilson"))
    for count in (0, 1, 10, 400):
        print("poisson, exact", count, chi2.ppf(0.025, 2 * count) / 2 if count else 0, chi2.ppf(0.975, 2 * count + 2) / 2)
    print("chi2 99.9 %, 9", chi2.ppf(0.999, 9))


if __name__ == "__main__":
    main()
