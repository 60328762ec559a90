# src/base/tensors_*.c against the reference implementation of safetensors from PyPI: each reads what the other wrote,
# and what the reference refuses is refused.
. "$lib"
build asan tensors_peer
python_packages numpy safetensors || exit 77
status=0
"$venv/bin/python" tests/peers/tensors.py build/asan/tests/tensors_peer "$scratch" > "$scratch/said" || status=$?
cat "$scratch/said"
sed -n 's/^cases: \([0-9]*\) passed, \([0-9]*\) failed/\1 \2/p' "$scratch/said" >> "$counts"
exit $status
