"""The labs of docs/lab as a command: a folder to work in, checks, hints and progress.

`python -m minigrad.lab start 1` begins. Only pytest is needed besides minigrad itself.
"""
