"""What tests of several pictures share."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from minigrad.plot import style


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved, to look into."""
    figures: list[Figure] = []
    save = style.save

    def keep(figure: Figure, path: Path) -> None:
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(style, "save", keep)
    return figures
