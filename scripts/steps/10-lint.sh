# Every lint over the tree, after the lints themselves have found the faults planted for them.
sh "$root/scripts/lint" --selftest
sh "$root/scripts/lint"
