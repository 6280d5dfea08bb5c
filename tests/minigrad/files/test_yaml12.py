"""YAML by the rules of 1.2: what scalars mean, where they stand, and what is refused."""

import math

import pytest

from minigrad.files.yaml12 import MAX_BYTES, Place, YamlError, parse, parse_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1e3", 1000.0),
        ("1.0e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("012", 12),
        ("0o14", 12),
        ("0xff", 255),
        ("-7", -7),
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("'1e-3'", "1e-3"),
        ('"true"', "true"),
        ("tanh", "tanh"),
        ("[8, 8]", [8, 8]),
        ("{name: adam, lr: 1e-2}", {"name": "adam", "lr": 0.01}),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    parsed = parse_scalar(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_every_value_and_key_has_its_line_and_column() -> None:
    document = parse(b"# comment\nname: xor\noptimizer: {name: sgd, lr: 1.0}\nlist:\n  - 1\n")
    assert document.values["name",] == Place(2, 7)
    assert document.keys["optimizer", "lr"] == Place(3, 24)
    assert document.values["optimizer", "lr"] == Place(3, 28)
    assert document.values["list", 0] == Place(5, 5)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfa: 1\n",
        b"a: 1\r\n",
        b'{"a": 1}',
        b'{\n\t"a": 1\n}',
        "# комментарий\na: 1 # 注釈\n".encode(),
        b"--- \na: 1\n...\n",
    ],
    ids=["bom", "crlf", "json", "json with tabs", "comments in any script", "document marks"],
)
def test_these_traps_work(raw: bytes) -> None:
    assert parse(raw).data == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "message", "place"),
    [
        (b"a: 1\nb: 2\na: 3\n", "duplicate key 'a': it is at line 1", (3, 1)),
        (b"a: !!python/name:os.system x\n", "tag", (1, 4)),
        (b"a: !!int '3'\n", "tag", (1, 4)),
        (b"a: &x [*x]\n", "contains itself", (1, 8)),
        (b"a: *x\n", "no anchor", (1, 4)),
        (b"a: 1\n---\nb: 2\n", "second document", (2, 1)),
        (b"a: [1, 2\n", "not valid YAML", (2, 1)),
        (b"a:\n\t- 1\n", "not valid YAML", (2, 1)),
        (b"? [1]\n: 2\n", "key must be text", (1, 3)),
        (b"1: 2\n", "key must be text", (1, 1)),
        (b"a: \x07\n", r"control character U\+0007", (1, 4)),
        (b"a: \xff\n", "not UTF-8", (1, 4)),
        ("a: 1".encode("utf-16"), "not UTF-8", (1, 1)),
        (b"a: " + b"9" * 5000, "more than 400 digits", (1, 4)),
        (b"a: " + b"[" * 2000 + b"]" * 2000, "nested deeper", (1, 54)),
        (b"a: [" + b"1, " * 20_000 + b"1]", "more than 10,000 values", None),
        (b"#" * (MAX_BYTES + 1), "larger than", (1, 1)),
        (
            b"a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + b"".join(
                b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 10))
                for n in range(ord("a"), ord("i"))
            ),
            "more than 10,000 values",
            None,
        ),
    ],
)
def test_what_is_no_plain_data_is_refused_at_its_place(
    raw: bytes, message: str, place: tuple[int, int] | None
) -> None:
    with pytest.raises(YamlError, match=message) as caught:
        parse(raw)
    if place is not None:
        assert caught.value.place == Place(*place)


def test_an_alias_repeats_what_its_anchor_says() -> None:
    assert parse(b"a: &x [1, 2]\nb: *x\n").data == {"a": [1, 2], "b": [1, 2]}


def test_an_empty_file_is_null() -> None:
    assert parse(b"").data is None
    assert parse(b"# nothing\n").data is None
