"""python -m minigrad: which commands there are."""

print("""\
python -m minigrad.train configs/xor.yaml     train what a config describes (--list: all names)
python -m minigrad.runs list                  look at, compare and verify what was trained
python -m minigrad.predict latest rows.csv    use what was trained on rows of your own
python -m minigrad.graph configs/xor.yaml     see the computation graph
Each explains itself with --help.""")
