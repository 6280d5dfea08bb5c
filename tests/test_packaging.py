"""What the index and an installation see: one version, one list of tools, a page without holes."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad.config import bundled
from minigrad.version import __version__

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
README = Path("README.md").read_text(encoding="utf-8")


def test_the_version_is_the_citations_too() -> None:
    assert f"\nversion: {__version__}\n" in Path("CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PROJECT["dependency-groups"])
def test_a_group_is_the_extra_of_its_name(name: str) -> None:
    extra = PROJECT["project"]["optional-dependencies"][name]
    assert PROJECT["dependency-groups"][name] == extra


def test_the_labs_need_pytest_alone() -> None:
    assert [re.split("[<>=]", one)[0] for one in PROJECT["dependency-groups"]["labs"]] == ["pytest"]


def test_what_is_told_to_be_installed_is_an_extra_of_ours() -> None:
    """On the index, minigrad without more is a stranger's."""
    sources = "".join(path.read_text(encoding="utf-8") for path in Path("minigrad").rglob("*.py"))
    told = re.findall(r"pip install '([\w-]+)\[([\w-]+)\]'", sources)
    assert {name for name, _ in told} == {PROJECT["project"]["name"]}
    assert {extra for _, extra in told} <= set(PROJECT["project"]["optional-dependencies"])
    assert len(told) >= 5


def page() -> Callable[[str, str | None], str]:
    """The function of setup.py, without the call of setup below it."""
    source = Path("setup.py").read_text(encoding="utf-8").split("\nurl = repository()")[0]
    space: dict[str, Any] = {"__name__": "setup"}
    exec(source, space)
    function: Callable[[str, str | None], str] = space["page"]
    return function


def test_the_page_of_the_index_has_absolute_addresses() -> None:
    text = page()(README, "https://host/owner/minigrad")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) > 10
    assert all(target.startswith(("https://", "#")) for target in targets)
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert pictures
    for address in pictures:
        path = address.removeprefix("https://host/owner/minigrad/raw/HEAD/")
        assert Path(path).exists()


def test_without_an_address_the_page_has_words_in_place_of_links() -> None:
    text = page()("![A curve](docs/a.png) [here](b.md) [there](https://c.org)", None)
    assert text == "*A curve* here [there](https://c.org)"


def test_a_name_is_a_bundled_config_only_where_there_is_no_such_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bundled.locate("xor") == bundled.folder() / "xor.yaml"
    assert bundled.locate("configs/xor.yaml") == "configs/xor.yaml"
    assert bundled.locate("../xor") == "../xor"
    Path("xor").touch()
    assert bundled.locate("xor") == "xor"
