"""python -m minigrad.train on input that looks like a trap and must train all the same."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from minigrad import config, train
from minigrad.config import Config, plugins
from minigrad.data import DATASETS
from minigrad.registry import Registry
from nn.activations import ACTIVATIONS
from nn.losses import LOSSES
from optim import OPTIMIZERS

MINIMAL = """\
name: tiny
data: {name: xor}
model: {hidden: [2]}
loss: bce
optimizer: {name: sgd, lr: 0.5}
"""
AS_JSON = {
    "name": "tiny",
    "data": {"name": "xor"},
    "model": {"hidden": [2]},
    "loss": "bce",
    "optimizer": {"name": "adam", "lr": 1e-3, "betas": [0.9, 0.99]},
    "train": {"batch_size": None},
}
RUN = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]{1,40}-[a-z0-9]{4}")
REGISTRIES: tuple[Registry[Any], ...] = (ACTIVATIONS, DATASETS, LOSSES, OPTIMIZERS)


@pytest.fixture(autouse=True)
def contained(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test leaves names, plugins or signal handlers behind; most draw no picture."""
    handler = signal.getsignal(signal.SIGTERM)
    known = [dict(registry) for registry in REGISTRIES]
    monkeypatch.setattr(plugins, "_loaded", {})
    if "pictures" not in request.fixturenames:
        for drawing in ("curves.draw_loss", "boundary.draw_boundary", "surface.evaluate_surface"):
            monkeypatch.setattr(f"minigrad.plot.{drawing}", lambda *_, **__: None)
    yield
    signal.signal(signal.SIGTERM, handler)
    for registry, names in zip(REGISTRIES, known, strict=True):
        registry.clear()
        registry.update(names)


@pytest.fixture
def pictures() -> None:
    """Asked for by a test whose pictures are drawn."""


@dataclass(frozen=True)
class Train:
    """Writes a config, trains two steps of it, and gives the config as it was understood."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def __call__(self, content: str | bytes, *overrides: str, name: str = "c.yaml") -> Config:
        path = self.write(name, content)
        out = self.folder / "out" / "runs"
        before = set(self.folder.rglob("*"))
        arguments = [str(path), *overrides, "train.steps=2", "expect={}"]
        assert train.main([*arguments, "--out", str(out)]) == 0
        printed = self.capsys.readouterr()
        notices = (" drops ", ": it tells nothing")
        assert all(any(map(line.__contains__, notices)) for line in printed.err.splitlines())
        assert all(line.isprintable() for line in (printed.out + printed.err).splitlines())
        made = set(self.folder.rglob("*")) - before
        assert all(file.is_relative_to(out) or file == out.parent for file in made)
        (run,) = (file for file in out.iterdir() if file.name != "latest")
        assert RUN.fullmatch(run.name)
        assert len((run / "metrics.jsonl").read_text().splitlines()) == 2
        understood = config.load(path, arguments[1:])
        assert config.load(run / "config.yaml").model_dump() == understood.model_dump()
        return understood


@pytest.fixture
def trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Train:
    return Train(tmp_path, capsys)


WHOLE: dict[str, str | bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + MINIMAL.encode(),
    "CRLF": MINIMAL.replace("\n", "\r\n"),
    "byte order mark and CRLF": b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode(),
    "no newline at the end": MINIMAL.rstrip("\n"),
    "document marks": "--- # one\n" + MINIMAL + "...\n",
    "YAML 1.2 said": "%YAML 1.2\n---\n" + MINIMAL,
    "JSON": json.dumps(AS_JSON),
    "JSON without spaces": json.dumps(AS_JSON, separators=(",", ":")),
    "JSON with spaces": json.dumps(AS_JSON, indent=4),
    "JSON with tabs": json.dumps(AS_JSON, indent="\t"),
    "JSON with tabs, CRLF and a mark": b"\xef\xbb\xbf"
    + json.dumps(AS_JSON, indent="\t").replace("\n", "\r\n").encode(),
    "comments in any script": "# комментарий 注釈 تعليق 🙂\n" + MINIMAL + "# ​конец\n",
    "a comment of 900,000 letters": MINIMAL + "#" * 900_000,
    "comments that look like keys": "# seed: x\n" + MINIMAL + "#- a: [\n",
    "keys in quotes": re.sub(r"(?m)^(\w+)", r'"\1"', MINIMAL),
    "keys with question marks": re.sub(r"(?m)^(\w+)(: )", r"? \1\n\2", MINIMAL),
    "keys the other way around": "\n".join(reversed(MINIMAL.splitlines())) + "\n",
    "spaces at the ends": MINIMAL.replace("\n", "   \n"),
    "blank lines": MINIMAL.replace("\n", "\n\n \n"),
    "blocks in lines of their own": """\
name:
  tiny
data:
        name: xor
model:
  hidden:
  - 2
  -
    3
  activation:
    - relu
    - "tanh"
loss: bce
optimizer:
  name: sgd

  lr: 0.5 # half
""",
    "lists over several lines": MINIMAL.replace("[2]", "[ # two layers\n  2,\n\n  3,\n]"),
    "blocks by their names alone": "name: a\ndata: xor\nloss: bce\noptimizer: sgd\n",
}


WHOLE |= {
    "JSON with a letter beyond 16 bits": json.dumps(AS_JSON | {"name": "🙂"}),
    "JSON with tabs between": json.dumps(AS_JSON, separators=(",\t", ":\t")),
    "JSON with tabs after a comment": "# tabs\n" + json.dumps(AS_JSON, indent="\t"),
    "a tab before a comment": MINIMAL.replace("bce", "bce\t# tab"),
    "a tab after a colon": MINIMAL.replace("loss: ", "loss:\t"),
    "a comment with a line separator": "# a\u2028b: 1\n" + MINIMAL,
    "a comment with a next line": "# a\u0085b: 1\n" + MINIMAL,
    "a name without a glyph": MINIMAL.replace("tiny", "月"),
    "a name of a picture": MINIMAL.replace("tiny", "🙂"),
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=list(WHOLE))
def test_a_config_may_be_written_in_many_ways(content: str | bytes, trained: Train) -> None:
    understood = trained(content)
    assert understood.data.name == "xor"
    assert understood.loss == "bce"


SCALARS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "1e-3": ("optimizer: {name: sgd, lr: 1e-3}", lambda c: c.optimizer.lr == 0.001),
    "1E-3": ("optimizer: {name: sgd, lr: +1E-3}", lambda c: c.optimizer.lr == 0.001),
    ".001": ("optimizer: {name: sgd, lr: .001}", lambda c: c.optimizer.lr == 0.001),
    "1.": ("optimizer: {name: sgd, lr: 1.}", lambda c: c.optimizer.lr == 1),
    "1": ("optimizer: {name: sgd, lr: 1}", lambda c: c.optimizer.lr == 1),
    "0x1": ("optimizer: {name: sgd, lr: 0x1}", lambda c: c.optimizer.lr == 1),
    "1e-300": ("optimizer: {name: sgd, lr: 1e-300}", lambda c: c.optimizer.lr == 1e-300),
    "5e-324": ("optimizer: {name: sgd, lr: 5e-324}", lambda c: c.optimizer.lr == 5e-324),
    "-0.0": (
        "optimizer: {name: sgd, lr: 1, momentum: -0.0}",
        lambda c: c.optimizer.momentum == 0,
    ),
    "betas 0": (
        "optimizer: {name: adam, betas: [0, 0]}",
        lambda c: c.optimizer.betas == [0, 0],
    ),
    "012": ("seed: 012", lambda c: c.seed == 12),
    "0o14": ("seed: 0o14", lambda c: c.seed == 12),
    "0xC": ("seed: 0xC", lambda c: c.seed == 12),
    "+12": ("seed: +12", lambda c: c.seed == 12),
    "-0": ("seed: -0", lambda c: c.seed == 0),
    "300 digits": ("seed: 1" + "0" * 300, lambda c: c.seed == 10**300),
    "on": ("name: on", lambda c: c.name == "on"),
    "no": ("name: no", lambda c: c.name == "no"),
    "yes": ("name: yes", lambda c: c.name == "yes"),
    "y": ("name: y", lambda c: c.name == "y"),
    "tRUE": ("name: tRUE", lambda c: c.name == "tRUE"),
    "sexagesimal": ("name: 1:30", lambda c: c.name == "1:30"),
    "date": ("name: 2026-01-01", lambda c: c.name == "2026-01-01"),
    "binary": ("name: 0b11", lambda c: c.name == "0b11"),
    "underscores": ("name: 1_000", lambda c: c.name == "1_000"),
    "equals": ("name: =", lambda c: c.name == "="),
    "merge": ("name: <<", lambda c: c.name == "<<"),
    "nan": ("name: nan", lambda c: c.name == "nan"),
    "null in quotes": ("name: 'null'", lambda c: c.name == "null"),
    "number in quotes": ('name: "012"', lambda c: c.name == "012"),
    "colon": ("name: a:b", lambda c: c.name == "a:b"),
    "hash": ("name: a#b # c", lambda c: c.name == "a#b"),
    "folded": ("name: >-\n  a\n  b", lambda c: c.name == "a b"),
    "literal": ("name: |-\n  a: {", lambda c: c.name == "a: {"),
    "plain over lines": ("name: a\n  b\n  c", lambda c: c.name == "a b c"),
    "quotes": ("name: 'it''s'", lambda c: c.name == "it's"),
    "escapes": (r'name: "\x41\u00e9\U0001F600\/"', lambda c: c.name == "Aé😀/"),
    "100 letters": (f"name: {'n' * 100}", lambda c: len(c.name) == 100),
    "null": ("train: {batch_size: null, clip_norm: ~}", lambda c: c.train.clip_norm is None),
    "nothing": ("train: {batch_size: }", lambda c: c.train.batch_size is None),
    "True": ("data: {name: xor, standardize: True}", lambda c: c.data.standardize),
    "no hidden layer": ("model: {hidden: []}", lambda c: c.model.hidden == []),
    "an empty block": ("model: {}", lambda c: c.model.hidden == [8]),
    "batches larger than the data": ("train: {batch_size: 999999}", lambda c: True),
}


@pytest.mark.parametrize(("line", "holds"), SCALARS.values(), ids=list(SCALARS))
def test_a_scalar_means_what_yaml_1_2_says(
    line: str, holds: Callable[[Any], bool], trained: Train
) -> None:
    key = line.partition(":")[0]
    others = [other for other in MINIMAL.splitlines() if not other.startswith(f"{key}:")]
    assert holds(trained("\n".join([*others, line]) + "\n"))


def test_an_anchor_may_be_used_again(trained: Train) -> None:
    text = MINIMAL.replace("{name: sgd, lr: 0.5}", "{name: adam, betas: *b}")
    understood: Any = trained("expect: {initial_loss: &b [0.5, 0.75]}\n" + text)
    assert understood.optimizer.betas == [0.5, 0.75]


NAMES = [
    "../../etc/x",
    "/etc/passwd",
    "..",
    ".",
    "~",
    "latest",
    "a/b\\c",
    "C:\\x",
    "-rf",
    "--out",
    "; rm -rf *",
    "$(touch x)",
    "`x`",
    "%n %s {steps} {0}",
    "größe",
    "Ελληνικά",
    "имя",
    "اسم",
    "a b",
    "<b>&amp;",
    "a$b$c",
    "$\\bad{$",
    "x^2_i",
    "!tag",
    "*alias",
    "&anchor",
    "- list",
    "{a: b}",
    "key: value",
    " spaces ",
    "# hash",
    "'",
    '"',
]


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * bool(i % 4)) for i, name in enumerate(NAMES)],
)
def test_a_run_may_have_any_name_and_stays_in_its_store(name: str, trained: Train) -> None:
    assert trained(MINIMAL.replace("tiny", json.dumps(name, ensure_ascii=False))).name == name


@pytest.mark.parametrize(
    ("overrides", "holds"),
    [
        (["seed=1", "seed=012"], lambda c: c.seed == 12),
        (["name=no"], lambda c: c.name == "no"),
        (["name=a=b=c"], lambda c: c.name == "a=b=c"),
        (["name='a # b'"], lambda c: c.name == "a # b"),
        (["name=größe"], lambda c: c.name == "größe"),
        (["optimizer.lr=1e-3"], lambda c: c.optimizer.lr == 0.001),
        (["optimizer=adam", "optimizer.betas=[0, 0.5]"], lambda c: c.optimizer.betas == [0, 0.5]),
        (["scheduler={name: cosine, T_max: 5}"], lambda c: c.scheduler.T_max == 5),
        (["data=moons", "data.n=10", "data.val_fraction=0.3"], lambda c: c.data.n == 10),
        (["model.hidden=[]"], lambda c: c.model.hidden == []),
        (["train.batch_size=2", "train.batch_size="], lambda c: c.train.batch_size is None),
    ],
)
def test_overrides_are_read_as_the_file_is(
    overrides: list[str], holds: Callable[[Any], bool], trained: Train
) -> None:
    assert holds(trained(MINIMAL, *overrides))


CSV = MINIMAL.replace("{name: xor}", "{name: csv, path: %s, target: %s}")
TABLES: dict[str, tuple[str, str, str | bytes]] = {
    "plain": ("d.csv", "y", "a,y\n1,0\n2,1\n"),
    "byte order mark and CRLF": ("d.csv", "a", b"\xef\xbb\xbfa,y\r\n0,1\r\n1,2\r\n"),
    "in a folder": ("sub/d.csv", "y", "a,y\n1,0\n2,1\n"),
    "with a space": ("'my data.csv'", "y", "a,y\n1,0\n2,1\n"),
    "in another script": ("данные.csv", "年", "月,年\n1,0\n2,1\n"),
    "no ending": ("d", "y", "a,y\n1,0\n2,1\n"),
    "quotes": ("d.csv", "'say \"y\"'", 'a,"say ""y"""\n"1","0"\n2,1\n'),
    "a number for a name": ("d.csv", "'1'", "a,1\n1,0\n2,1\n"),
    "constant column": ("d.csv", "y", "a,b,y\n1,5,0\n2,5,1\n"),
}


@pytest.mark.parametrize(("path", "target", "content"), TABLES.values(), ids=list(TABLES))
def test_data_may_lie_and_look_in_many_ways(
    path: str, target: str, content: str | bytes, trained: Train
) -> None:
    trained.write(path.strip("'"), content)
    trained(CSV % (path, target), "data.standardize=true")


def test_data_may_be_named_from_anywhere(
    trained: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.write("a/d.csv", "a,y\n1,0\n2,1\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    understood: Any = trained(CSV % ("../a/d.csv", "y"), name="b/c.yaml")
    assert Path(understood.data.path).resolve() == tmp_path / "a/d.csv"


OPS = """\
from minigrad.data import DATASETS, Dataset
from nn.activations import ACTIVATIONS

@ACTIVATIONS.register
def twice(x):
    "2 * x"
    return 2 * x

@DATASETS.register
def pair(*, gap: float = 1.0, rng):
    "two points"
    return Dataset([[0.0], [gap]], [0.0, 1.0], classes=2)
"""


@pytest.mark.parametrize("path", ["my_ops.py", "./my_ops.py", "sub/my ops.py", "мои.py", "my-ops"])
def test_a_plugin_adds_names_wherever_the_command_runs(
    path: str, trained: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.write(f"configs/{path}", OPS)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    text = MINIMAL.replace("[2]", "[2], activation: twice").replace("{name: xor}", "{name: pair}")
    lines = f"plugins: [{path}, {path}]\n" + text
    understood: Any = trained(lines, "data.gap=2.5", name="configs/c.yaml")
    assert understood.data.gap == 2.5
    assert understood.model.activation == "twice"


def test_a_plugin_may_be_named_on_the_command_line(trained: Train) -> None:
    trained.write("my_ops.py", OPS)
    assert trained(MINIMAL, "plugins=[my_ops.py]", "model.activation=twice")
