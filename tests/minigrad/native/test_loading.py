"""Which machine runs, and one sentence where there is none."""

import sys

import pytest

from minigrad import native
from minigrad.native.loading import module


@pytest.fixture
def _absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "minigrad.native._machine", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Hidden(), *sys.meta_path])


class _Hidden:
    def find_spec(self, name: str, *_: object) -> None:
        if name == "minigrad.native._machine":
            raise ModuleNotFoundError(f"No module named {name!r}")


def test_the_best_machine_of_the_processor_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINIGRAD_NATIVE", raising=False)
    assert native.available()
    assert native.reason() == ""
    assert native.machine_name() == module().machines()[0]


def test_a_variable_names_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    simplest = module().machines()[-1]
    monkeypatch.setenv("MINIGRAD_NATIVE", simplest)
    assert native.machine_name() == simplest


def test_a_variable_that_names_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGRAD_NATIVE", "abacus")
    with pytest.raises(ValueError, match=r"MINIGRAD_NATIVE must be one of .* found 'abacus'"):
        native.machine_name()
    assert "abacus" in native.reason()


@pytest.mark.usefixtures("_absent")
def test_without_it_one_sentence_says_so_and_how_to_get_it() -> None:
    assert not native.available()
    assert native.reason() == (
        "the native engine was not built: install a C compiler, "
        "then minigrad again with pip install"
    )
    with pytest.raises(native.NativeMissing, match="was not built"):
        native.machine_name()
