# The independent implementation of docs/AFFINITY.md against cases computed by hand.
python3 -m unittest discover -q -s tests/equality -p 'test_*.py'
