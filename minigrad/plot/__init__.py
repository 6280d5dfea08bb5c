"""Pictures. Only this package imports matplotlib, which takes longer than XOR: import it late."""

import minigrad.neighbours  # noqa: F401 - says which file hides nn or optim
