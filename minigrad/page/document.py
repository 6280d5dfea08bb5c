"""A page in one file: its own styles and scripts and no others, as its security policy says."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minigrad.page.html import Html, element
from minigrad.terminal.text import json_ready


def html_document(
    title: str,
    body: Html,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    data: Any = None,
    language: str = "en",
    connect: bool = False,
) -> str:
    """A whole HTML document. `data` is what scripts read, as JSON in the element with id "data";
    `connect` lets scripts ask the server that the page came from.
    """
    policy = policy_of(styles, scripts, connect=connect)
    held = json.dumps(json_ready(data), allow_nan=False, separators=(",", ":"))
    held = held.replace("<", "\\u003c")  # so that no text in it ends the element
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        Html('<link rel="icon" href="data:,">'),
        element("title", title),
        *(element("style", Html(style)) for style in styles),
    ]
    last = [
        element("script", Html(held), type="application/json", id="data"),
        *(element("script", Html(script)) for script in scripts),
    ]
    page = [element("head", head), Html("\n"), element("body", body, last)]
    return f"<!doctype html>\n{element('html', page, lang=language)}\n"


def policy_of(styles: Sequence[str], scripts: Sequence[str], *, connect: bool = False) -> str:
    """The Content Security Policy: these styles and scripts by their hashes, pictures in the page.

    https://www.w3.org/TR/CSP3/
    """
    return "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src", *map(_hash, scripts)]),
            " ".join(["style-src", *map(_hash, styles)]),
            "img-src data:",
            *(["connect-src 'self'"] if connect else []),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def shared_style() -> str:
    """Colours for light and dark, fonts, and the elements that all pages have."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
