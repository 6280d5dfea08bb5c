"""Text never becomes markup, and a page runs its own scripts alone."""

import re

import pytest

from minigrad.page.document import html_document, policy_of, shared_style
from minigrad.page.html import Html, element, fragment

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></table><h1>",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_escaped_as_a_child_and_in_an_attribute(text: str) -> None:
    made = element("p", text, [text, None], title=text)
    inside = made.removeprefix('<p title="').removesuffix("</p>")
    assert not set(inside.replace('">', "", 1)) & set("<>\"'")


def test_html_stays_as_it_is_and_control_characters_are_spelled_out() -> None:
    assert fragment(Html("<b>"), "a\x1b[31m\u202eb") == "<b>a\\x1b[31m\\u202eb"


def test_data_cannot_end_their_element() -> None:
    page = html_document(
        "t", Html(""), data={"x": "</script><script>alert(1)</script>", "y": float("nan")}
    )
    assert page.count("<script") == 1
    assert '"y":"nan"' in page


def test_the_policy_allows_what_the_page_has_and_nothing_else() -> None:
    page = html_document("t", Html(""), styles=["p {}"], scripts=["1;", "2;"])
    policy = policy_of(["p {}"], ["1;", "2;"])
    assert policy.replace("'", "&#x27;") in page
    assert len(re.findall("'sha256-", policy)) == 3
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy
    assert "connect-src 'self'" in policy_of([], [], connect=True)


def test_the_shared_style_asks_for_nothing() -> None:
    assert "url(" not in shared_style()
    assert "@import" not in shared_style()


def test_false_and_none_are_no_attributes_and_control_characters_are_spelled_out() -> None:
    assert element("td", hidden=False, id=None, title="a\x1bb") == '<td title="a\\x1bb"></td>'
    assert element("option", selected=True) == "<option selected></option>"


def test_a_dict_is_text_and_a_void_element_has_no_end() -> None:
    assert fragment({"a": 1}, b"x") == "{&#x27;a&#x27;: 1}b&#x27;x&#x27;"
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'
