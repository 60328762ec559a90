# What has threads, under the thread sanitizer: the runner on the twins, the store adapter's writer.
. "$lib"
build tsan test_runner test_store
for test in test_runner test_store; do
    if build/tsan/tests/$test; then echo "1 0" >> "$counts"; else echo "0 1" >> "$counts"; fi
done
