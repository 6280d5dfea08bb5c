"""The quiz: ten questions, and for each an answer with the pages on which it is found."""

import re
from pathlib import Path

import pytest


@pytest.mark.parametrize("page", ["docs/teaching/quiz.md", "docs/es/teaching/quiz.md"])
def test_each_question_has_an_answer_that_names_its_page(page: str) -> None:
    questions, _, answers = Path(page).read_text(encoding="utf-8").partition("<details>")
    assert re.findall(r"^(\d+)\. ", questions, re.MULTILINE) == [str(n) for n in range(1, 11)]
    items = re.split(r"^\d+\. ", answers, flags=re.MULTILINE)[1:]
    assert len(items) == 10
    for item in items:
        pages = re.findall(r"\(\.\./(theory/[0-4]-[\w-]+\.md|lab/[1-5]-[\w-]+\.md)\)", item)
        assert pages
        assert len(pages) == item.count("](")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("theory/0-from-numbers-to-learning", ["# 4 + 0.5 * 2 - 1 * 3", "-22.67", "w = 2.267"]),
        ("theory/1-computation-graph", ["a new node", "square.parents[0] is square.parents[1]"]),
        ("theory/2-chain-rule", ["-9.0000 6.0000 2.3593", "66 for the 33 parameters", "rounding"]),
        ("theory/3-topological-order", ["when all its consumers", "# should be 4 and 8"]),
        ("theory/4-accumulate-and-clear", ["replace the first: 3 and 1", "inner nodes do not"]),
        ("es/theory/0-from-numbers-to-learning", ["3 y -3 sumarían 0", "-22.67", "w = 2.267"]),
        ("es/theory/1-computation-graph", ["un nodo nuevo", "nodo antiguo sigue ahí"]),
        ("es/theory/2-chain-rule", ["-9.0000 6.0000 2.3593", "66 para los 33", "el redondeo"]),
        ("es/theory/3-topological-order", ["cuando todos los que lo usan", "# deberían ser 4 y 8"]),
        ("es/theory/4-accumulate-and-clear", ["a la primera: 3 y 1", "los nodos internos no"]),
    ],
)
def test_the_answers_are_in_the_text(page: str, words: list[str]) -> None:
    text = " ".join(Path(f"docs/{page}.md").read_text(encoding="utf-8").split())
    assert [word for word in words if word not in text] == []
