"""Training loops, for one seed and for many at once. No YAML, no files, no screen."""

import minigrad.neighbours  # noqa: F401 - says which file hides nn or optim
