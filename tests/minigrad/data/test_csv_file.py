"""CSV files: what is read, and what each broken one is told."""

import csv
import errno
import os
import random
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from minigrad.data import DATASETS, DataError, Dataset, csv_file
from minigrad.data.csv_file import MAX_BYTES, MAX_NUMBERS, MAX_ROWS
from minigrad.files.untrusted import open_regular

HEADER = "age,size,y\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def to_file(content: str | bytes) -> str:
        path = tmp_path / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path.name

    return to_file


def read(path: str, target: str = "y") -> Dataset:
    return DATASETS["csv"](path=path, target=target, rng=random.Random(0))


def faults(path: str, target: str = "y") -> list[str]:
    with pytest.raises(DataError) as caught:
        read(path, target)
    assert str(caught.value) == "\n".join(caught.value.faults)
    assert all(fault.isprintable() and len(fault) < 600 for fault in caught.value.faults)
    return caught.value.faults


def test_columns_become_features_and_the_target(write) -> None:
    path = write("age,y,size\n30,0.5,1.8\n40,-2,1.6\n")
    assert read(path) == Dataset(
        inputs=[[30.0, 1.8], [40.0, 1.6]],
        targets=[0.5, -2.0],
        classes=None,
        source="people.csv",
        lines=[2, 3],
        names=["age", "size"],
    )
    assert read(path, target="age").targets == [30.0, 40.0]
    assert read(path).where(1) == "people.csv:3"


@pytest.mark.parametrize(
    "content",
    [
        "a,y\n1,2\n3,4\n",
        "a,y\n1,2\n3,4",
        "a,y\r\n1,2\r\n3,4\r\n",
        "a,y\r\n1,2\n3,4\r\n",
        "\ufeffa,y\n1,2\n3,4\n",
        '\ufeff"a","y"\r\n"1","2"\r\n"3","4"\r\n',
        "\ufeff\r\n\r\na,y\r\n1,2\r\n3,4\r\n",
        "a,y\n\n1,2\n\n\n3,4\n\n",
        "a,y\n1,2\n  \n3,4\n\t\n",
        " a , y \n 1 ,  2\n3\t,4 \n",
        'a,y\n"1\n",2\n3,"\r\n4"\n',
        "a,y\n1.0,2.\n+3,.4e1\n",
        "a,y\n1e0,20E-1\n0.3e+1,4\n",
        "a,y\n01,2\n3,004\n",
    ],
)
def test_the_same_table_in_many_spellings(content: str, write) -> None:
    data = read(write(content))
    assert data.inputs == [[1.0], [3.0]]
    assert data.targets == [2.0, 4.0]


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("größe,年齢", "年齢"),
        ('"a,b","say ""y"""', 'say "y"'),
        ('a,"two\nlines"', "two\nlines"),
        ("1,y", "y"),
        ("nan,inf", "inf"),
        ("a,' y'", "' y'"),
    ],
)
def test_columns_may_have_any_name(header: str, target: str, write) -> None:
    assert read(write(f"{header}\n1,-2.5\n3,4\n"), target).targets == [-2.5, 4.0]


@pytest.mark.parametrize("number", [-1.5, 1e-300, 1.7976931348623157e308, 5e-324, 0.1, 1e22])
def test_numbers_are_read_to_the_last_bit(number: float, write) -> None:
    assert read(write(f"a,y\n{number!r},{number:.17e}\n")).inputs == [[number]]


def test_a_sample_knows_the_line_it_starts_on(write) -> None:
    data = read(write('a,"y\n"\n\n1,2\n"\n3\n","4"\n5,6\n'))
    assert data.lines == [4, 5, 8]
    assert [data.where(i) for i in (0, 2)] == ["people.csv:4", "people.csv:8"]


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        ("0 1", 2),
        ("1 0 1 1", 2),
        ("2.0 0 1e0", 3),
        ("-0 1", 2),
        ("0 0", None),
        ("1 2", None),
        ("0 2", None),
        ("0 1 1.5", None),
        ("-1 0 1", None),
        ("0.5 0.25", None),
        (" ".join(map(str, range(100))), 100),
        (" ".join(map(str, range(101))), None),
    ],
)
def test_classes_are_whole_numbers_from_0_without_a_gap(
    targets: str, classes: int | None, write
) -> None:
    data = read(write("a,y\n" + "".join(f"7,{target}\n" for target in targets.split())))
    assert data.classes == classes


def test_the_file_is_named_as_the_config_names_it(write, tmp_path: Path) -> None:
    write("a,y\n1,2\n")
    path = str(tmp_path / "people.csv")
    assert read(path).source == path
    assert faults(path, "z")[0].startswith(f"{path}:1: ")


BAD: dict[str, tuple[str | bytes, str]] = {
    # cells
    "word": (HEADER + "abc,1,0\n", ":2: column 'age': must be a finite number, found 'abc'"),
    "third line": (HEADER + "1,1,0\n1,x,0\n", ":3: column 'size': must be a finite number"),
    "target": (
        HEADER + "1,1,0\n1,1,yes\n",
        ":3: column 'y': must be a finite number, found 'yes'",
    ),
    "one name": (HEADER + "1,1,yes\n", ":2: column 'y' is 'yes' in every row: there is nothing"),
    "nan": (HEADER + "nan,1,0\n", "'age': must be a finite number, found 'nan'"),
    "inf": (HEADER + "1,-inf,0\n", "'size': must be a finite number, found '-inf'"),
    "infinity": (HEADER + "1,1,Infinity\n", "must be a finite number, found 'Infinity'"),
    "overflow": (HEADER + "1e999,1,0\n", "must be a finite number, found '1e999'"),
    "underscore": (HEADER + "1_000,1,0\n", "must be a finite number, found '1_000'"),
    "hexadecimal": (HEADER + "0x1F,1,0\n", "must be a finite number, found '0x1F'"),
    "thousands": (HEADER + '"1,000",1,0\n', "must be a finite number, found '1,000'"),
    "decimal comma": (HEADER + '"1,5",1,0\n', "must be a finite number, found '1,5'"),
    "other digits": (HEADER + "\u0661,1,0\n", "must be a finite number, found '\u0661'"),
    "percent": (HEADER + "5%,1,0\n", "must be a finite number, found '5%'"),
    "inner space": (HEADER + "1 000,1,0\n", "must be a finite number, found '1 000'"),
    "true": (HEADER + "1,True,1\n", "must be a finite number, found 'True'"),
    "empty cell": (HEADER + "1,,0\n", ":2: column 'size': must be a finite number, found an empty"),
    "spaces": (HEADER + "1,  ,0\n", "column 'size': must be a finite number, found an empty cell"),
    "empty row": (HEADER + ",,\n", ":2: column 'age': must be a finite number, found an empty"),
    "escape": (HEADER + "\x1b[31m,1,0\n", r"found '\x1b[31m'"),
    "line break": (
        HEADER + '"a\nb",1,0\n',
        r":2: column 'age': must be a finite number, found 'a\nb'",
    ),
    "override": (HEADER + "\u202e1,1,0\n", r"found '\u202e1'"),
    "long cell": (HEADER + "x" * 5000 + ",1,0\n", "found '" + "x" * 56 + "..."),
    "after a quote": (HEADER + '"1\n",1,0\n\n2,?,0\n', ":5: column 'size': must be a finite"),
    "odd name": ("a\x07,y\nx,1\n", r":2: column 'a\x07': must be a finite number, found 'x'"),
    # rows
    "too few": (HEADER + "1,2\n", ":2: expected 3 cells, as in the header, found 2"),
    "too many": (HEADER + "1,2,3\n1,2,3,4\n", ":3: expected 3 cells, as in the header, found 4"),
    "last comma": (HEADER + "1,2,3,\n", ":2: expected 3 cells, as in the header, found 4"),
    "one cell": (HEADER + "1;2;3\n", ":2: expected 3 cells, as in the header, found 1"),
    "comment": (HEADER + "# so\n", ":2: expected 3 cells, as in the header, found 1"),
    # header
    "empty file": (b"", ": is empty: a header row and rows of numbers are expected"),
    "byte order mark alone": (b"\xef\xbb\xbf", ": is empty"),
    "blank lines alone": (b"\n\r\n  \n", ": is empty"),
    "header alone": (HEADER, ": a header row alone: rows of numbers are expected below it"),
    "no header": ("1,2,3\n4,5,6\n", ":1: no header row: the first row is all numbers"),
    "no header, late": ("\n\n1e3,-2\n", ":3: no header row: the first row is all numbers"),
    "no header, one column": ("1\n2\n", ":1: no header row: the first row is all numbers"),
    "twice": ("a,b,a,y\n1,2,3,4\n", ":1: column name 'a' is used 2 times: columns 1, 3"),
    "twice but for spaces": ("y, y\n1,2\n", ":1: column name 'y' is used 2 times: columns 1, 2"),
    "no name": ("a,,y\n1,2,3\n", ":1: column 2 has no name"),
    "no last name": ("a,y,\n1,2,\n", ":1: column 3 has no name"),
    "blank name": ("a,  ,y\n1,2,3\n", ":1: column 2 has no name"),
    "no target": ("yy,b\n1,2\n", ":1: no column 'y': did you mean 'yy'? Known: b, yy"),
    "target in capitals": ("a,Y\n1,2\n", ":1: no column 'y': Known: Y, a"),
    "target alone": ("y\n1\n", ":1: column 'y' is the only one: there is nothing to predict it"),
    "semicolons": ("a;b;y\n1;2;3\n", ":1: commas are expected between cells, found ';'"),
    "tabs": ("a\tb\ty\n1\t2\t3\n", ":1: commas are expected between cells, found tabs"),
    "bars": ("a|b|y\n1|2|3\n", ":1: commas are expected between cells, found '|'"),
    "semicolons, no header": ("1;2\n3;4\n", ":1: commas are expected between cells, found ';'"),
    "mixed separators": ("a|b;c;y\n", ":1: commas are expected between cells, found ';'"),
    "too many columns": (
        ",".join(f"c{i}" for i in range(1001)) + "\n",
        ":1: 1,001 columns; the limit is 1,000",
    ),
    # bytes and quotes
    "latin 1": (b"a,y\n1,2\ngr\xf6sse,2\n", ":3: byte 0xf6 is not UTF-8: save the file in UTF-8"),
    "latin 1 header": (b"gr\xf6sse,y\n1,2\n", ":1: byte 0xf6 is not UTF-8"),
    "utf-16": ("a,y\n1,2\n".encode("utf-16"), ":1: "),
    "surrogate": (b"a,y\n\xed\xa0\x80,2\n", ":2: byte 0xed is not UTF-8"),
    "cut short": (b"a,y\n1,2\n1,\xe2\x82", ":3: byte 0xe2 is not UTF-8"),
    "zero byte": (b"a,y\n1,\x002\n", ":2: a NUL byte: this is not a text file in UTF-8"),
    "archive": (b"PK\x03\x04\x14\x00\x08\x08", ":1: a NUL byte"),
    "open quote": ('a,y\n1,2\n"3,4\n5,6\n', ":3: a quote in the row that starts here is never clo"),
    "open quote at the top": ('"a,y\n1,2\n', ":1: a quote in the row that starts here is never"),
    "open quote at the end": ('a,y\n1,"', ":2: a quote in the row that starts here is never clo"),
    "text after a quote": ('a,y\n"1"2,3\n', ":2: text after a closing quote: a quote within a ce"),
    "carriage returns": (b"a,y\r1,2\r3,4\r", ":1: a carriage return within a line: lines end in"),
    "long quote": (
        'a,y\n1,2\n"' + "1,2\n" * 50_000,
        ":3: a cell is longer than 131,072 characters: is a quote never closed?",
    ),
    "long row": ("a,y\n" + "1," * 600_000, ":2: the row is longer than 1,000,000 bytes"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=list(BAD))
def test_a_bad_file_is_told_what_and_where(content: str | bytes, message: str, write) -> None:
    first = faults(write(content))[0]
    assert first.startswith("people.csv:")
    assert message in first
    if message.startswith(":"):
        assert first.startswith(f"people.csv{message}")


def test_all_faults_are_told_at_once_and_in_order(write) -> None:
    path = write(HEADER + "a,b,0\n1\n1,2,c\n" + '"')
    assert faults(path) == [
        "people.csv:2: column 'age': must be a finite number, found 'a'",
        "people.csv:2: column 'size': must be a finite number, found 'b'",
        "people.csv:3: expected 3 cells, as in the header, found 1",
        "people.csv:4: column 'y': must be a finite number, found 'c'",
        "people.csv:5: a quote in the row that starts here is never closed",
    ]


def test_a_faulty_column_is_one_line_with_its_first_row_and_the_number_of_others(write) -> None:
    assert faults(write(HEADER + "?,1,0\n1\n1,?,0\n-,1,0\n,1,1\n1,2,3,4\n")) == [
        "people.csv:2: column 'age': must be a finite number, found '?' (and in 2 more rows)",
        "people.csv:3: expected 3 cells, as in the header, found 1 (and in 1 more row)",
        "people.csv:4: column 'size': must be a finite number, found '?'",
    ]


def test_a_target_of_text_is_the_names_of_classes_in_their_order(write) -> None:
    data = read(write("a,y\n1,oak\n2, ash\n3,oak \n4,elm\n"))
    assert data.targets == [2.0, 0.0, 2.0, 1.0]
    assert (data.classes, data.class_names) == (3, ["ash", "elm", "oak"])
    assert data.class_name(2) == "class 'oak'"


def test_a_target_of_numbers_with_a_word_among_them_is_a_fault_not_a_class(write) -> None:
    path = write("a,y\n1,0\n2,1\n3,n/a\n4,n/a\n")
    assert faults(path) == [
        "people.csv:4: column 'y': must be a finite number, found 'n/a' (and in 1 more row)"
    ]
    assert faults(write("a,y\n1,nan\n2,oak\n"))[0].endswith("found 'nan' (and in 1 more row)")
    assert faults(write("a,y\n1,\n2,oak\n"))[0].endswith("an empty cell (and in 1 more row)")


def test_a_column_of_names_is_no_target(write) -> None:
    (fault,) = faults(write("a,y\n" + "".join(f"1,name {i}\n" for i in range(101))))
    assert "column 'y' has 101 different texts, and 100 classes are the limit" in fault


def test_all_faults_of_a_header_are_told_at_once(write) -> None:
    assert faults(write("a,,a\n1,2,3\n")) == [
        "people.csv:1: column 2 has no name",
        "people.csv:1: column name 'a' is used 2 times: columns 1, 3",
        "people.csv:1: no column 'y': Known: a",
    ]


@pytest.mark.parametrize(
    ("bad", "last"), [(20, None), (21, "... and 1 more"), (900, "... and 880 more")]
)
def test_twenty_faulty_columns_are_enough(bad: int, last: str | None, write) -> None:
    names = ",".join(f"c{i}" for i in range(bad))
    sentences = faults(write(f"{names},y\n{'x,' * bad}1\n"))
    assert len(sentences) == 20 + bool(last)
    assert sentences[19].startswith("people.csv:2: column 'c19'")
    if last:
        assert sentences[20] == last


def test_an_unknown_target_is_answered_with_the_nearest_name_on_one_short_line(write) -> None:
    names = ["income", "two\nlines", *(f"{'long' * 100}{i}" for i in range(900))]
    path = write(",".join(f'"{name}"' for name in names) + "\n")
    (message,) = faults(path, "incom")
    assert message.startswith(
        "people.csv:1: no column 'incom': did you mean 'income'? Known: income"
    )
    (message,) = faults(path, "\x07" * 10_000)
    assert r"no column '\x07\x07" in message


def test_more_rows_or_numbers_than_the_limit_are_refused(write) -> None:
    sentences = faults(write("a,y\n" + "1,2\n" * (MAX_ROWS + 1)))
    assert sentences == [f"people.csv:{MAX_ROWS + 2}: more than 100,000 rows"]
    columns = 100
    rows = MAX_NUMBERS // columns
    header = ",".join(["y", *(f"c{i}" for i in range(1, columns))])
    sentences = faults(write(header + "\n" + ("1," * (columns - 1) + "1\n") * (rows + 1)))
    assert sentences == [f"people.csv:{rows + 2}: more than 1,000,000 numbers"]


def test_as_many_rows_as_the_limit_are_read(write) -> None:
    assert len(read(write("a,y\n" + "1,2\n" * MAX_ROWS)).inputs) == MAX_ROWS


def test_blank_lines_without_end_are_refused(write) -> None:
    assert faults(write("a,y\n" + "\n" * 600_000)) == ["people.csv:500001: more than 500,000 lines"]


@pytest.mark.parametrize(
    ("size", "message"),
    [(MAX_BYTES + 1, ": larger than 50 MB"), (MAX_BYTES, ":1: a NUL byte")],
)
def test_a_large_file_is_refused_without_being_read(size: int, message: str, write) -> None:
    path = write("")
    os.truncate(path, size)  # a hole, which takes no room on the disk
    (fault,) = faults(path)
    assert fault.startswith(f"people.csv{message}")


def test_a_file_that_grows_while_it_is_read_is_refused(
    write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grow(path: str) -> BinaryIO:
        file = open_regular(path)
        write("a,y\n" + f"1,{'2':>1000}\n" * 1000)
        return file

    path = write("a,y\n1,2\n")
    monkeypatch.setattr(csv_file, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(csv_file, "open_regular", grow)
    assert faults(path) == ["people.csv: larger than 1 MB"]


def _missing(_: Path) -> str:
    return "nowhere.csv"


def _directory(tmp_path: Path) -> str:
    (tmp_path / "folder.csv").mkdir()
    return "folder.csv"


def _below_a_file(_: Path) -> str:
    return "people.csv/a.csv"


def _pipe(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "pipe.csv")
    return "pipe.csv"


def _loop(tmp_path: Path) -> str:
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    return "loop.csv"


def _device(_: Path) -> str:
    return "/dev/zero"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "nowhere.csv: cannot be read: No such file or directory"),
        (_directory, "folder.csv: cannot be read: it is a directory"),
        (_below_a_file, "people.csv/a.csv: cannot be read: Not a directory"),
        (_pipe, "pipe.csv: cannot be read: it is not a regular file"),
        (_loop, "loop.csv: cannot be read: "),
        (_device, "/dev/zero: cannot be read: it is not a regular file"),
        (lambda _: "", ": cannot be read: No such file or directory"),
        (lambda _: "x" * 300, "x" * 300 + ": cannot be read: File name too long"),
        (lambda _: "a\0b", r"a\x00b: cannot be read: this cannot be the name of a file"),
        (lambda _: "a\nb.csv", r"a\nb.csv: cannot be read: No such file or directory"),
        (lambda _: "\ud800", r"\ud800: cannot be read: this cannot be the name of a file"),
    ],
)
def test_what_is_no_file_is_refused_unread(make: Any, message: str, write, tmp_path: Path) -> None:
    write("")
    (fault,) = faults(make(tmp_path))
    assert fault.startswith(message)


def test_a_file_without_permission_is_refused(write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = write(HEADER + "1,2,3\n")
    monkeypatch.setattr(csv_file, "open_regular", refuse)  # root may open every file
    assert faults(path) == ["people.csv: cannot be read: Permission denied"]


@pytest.mark.skipif(not os.path.isfile("/proc/self/mem"), reason="needs Linux's /proc")
def test_a_file_that_opens_but_cannot_be_read_is_refused() -> None:
    assert faults("/proc/self/mem") == ["/proc/self/mem: cannot be read: Input/output error"]


def test_reading_draws_nothing_and_leaves_the_csv_module_alone(write) -> None:
    rng, limit = random.Random(0), csv.field_size_limit()
    before = rng.getstate()
    DATASETS["csv"](path=write("a,y\n1,2\n"), target="y", rng=rng)
    assert rng.getstate() == before
    assert csv.field_size_limit() == limit


def test_features_have_the_names_of_their_columns(write) -> None:
    data = read(write(HEADER + "1,2,0\n3,4,1\n"))
    assert data.names == ["age", "size"]
    assert (data.feature(0), data.take([1]).feature(1)) == ("age", "size")
