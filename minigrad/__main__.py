"""python -m minigrad: which commands there are."""

print("""\
python -m minigrad.train configs/xor.yaml     train what a config describes (--list: all names)
python -m minigrad.runs list                  look at, compare and verify what was trained
python -m minigrad.graph configs/xor.yaml     see the computation graph
Each explains itself with --help.""")
