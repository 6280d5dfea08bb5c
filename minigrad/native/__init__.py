"""One small machine, written in C, that runs any lifted program: whole training steps inside.

`available()` tells whether it is there; it is built when minigrad is installed, where a C compiler
is. `instructions.py` translates an array program for it, `machine.py` runs one, and machine.c is
the machine. The same bits come out on every processor.
"""

from minigrad.native.loading import NativeMissing, available, machine_name, reason

__all__ = ["NativeMissing", "available", "machine_name", "reason"]
