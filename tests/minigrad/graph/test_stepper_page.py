"""The page in a real Chromium: it steps, plays, is edited, and computes what value.py computes."""

import html
import math
import platform
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nn
from experiments.attention.attention import Attention, samples
from minigrad import Tensor, Value, graph, maximum, minimum, value
from minigrad.config import load
from minigrad.graph.source import OPERATIONS, excerpts
from minigrad.graph.stepper_page import to_html
from minigrad.nodes import nodes_below
from minigrad.runner import build
from minigrad.value import dot
from tests.browser import Tab
from tests.minigrad.graph.test_graph import command

Numbers = tuple[list[float], list[float]]


class Opened(Tab):
    """A page in a tab, and what a test asks of it."""

    @property
    def tab(self) -> Any:
        return self.page

    def run(self, script: str, argument: Any = None) -> Any:
        return self.tab.evaluate(script, argument)

    def text(self, selector: str) -> str:
        return str(self.tab.inner_text(selector))

    def node(self, number: int, line: str) -> str:
        return str(self.tab.text_content(f'[data-node="{number}"] .{line}'))

    @property
    def step(self) -> int:
        return int(self.run("() => stepper.step()"))

    @property
    def last(self) -> int:
        return int(self.run("() => stepper.last"))

    def go(self, step: int) -> None:
        self.run("(step) => stepper.go(step)", step)

    def change(self, leaf: int, number: float) -> str:
        """Give a leaf another number; the page's objection, or ""."""
        return str(self.run("([leaf, number]) => stepper.change(leaf, number)", [leaf, number]))

    def numbers(self) -> Numbers:
        """Data and gradients of all nodes."""
        data, grad = self.run("() => [stepper.data(), stepper.gradients()]")
        return [float(x) for x in data], [float(x) for x in grad]

    def function(self, name: str, points: Sequence[Sequence[float]]) -> list[float]:
        script = "([name, points]) => points.map((x) => String(stepper.elementary[name](...x)))"
        texts = self.run(script, [name, [list(point) for point in points]])
        return [float(text.replace("Infinity", "inf")) for text in texts]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    pages: list[Opened] = []

    def show(root: Value, width: int = 1600, scheme: str = "light", **settings: Any) -> Opened:
        path = tmp_path / f"{len(pages)}.html"
        graph.page(root, path, **settings)
        pages.append(Opened(browser, path.as_uri(), width, scheme))
        return pages[-1]

    yield show
    for one in pages:
        one.close()
        assert len(one.requests) == 1, "nothing is asked for but the file itself"


@pytest.fixture(scope="module")
def library(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A page whose functions alone are called."""
    path = tmp_path_factory.mktemp("library") / "page.html"
    graph.page(small()[-1], path)
    page = Opened(browser, path.as_uri())
    yield page
    page.close()


def xor() -> Value:
    return build.sample_loss(load("configs/xor.yaml"), 1)


def small() -> tuple[Value, Value, Value, Value]:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(0.5, label="c")
    return a, b, c, a * b + (a * c).tanh()


def softmax() -> Value:
    rng = random.Random(3)
    model = nn.MLP(3, [5, 4], activation="tanh", rng=rng)
    loss = nn.losses.cross_entropy(model([Value(rng.gauss(0, 1)) for _ in range(3)]), 2)
    assert {node.op for node in nodes_below(loss)} >= {"exp", "log"}
    return loss


def attention() -> Value:
    (tokens,), (answer,) = samples(1, random.Random(0))
    x = [[Value(number) for number in token] for token in tokens]
    return nn.losses.mse(Attention(random.Random(0))(x), answer)


# The numbers.


def applied(op: str, x: Sequence[Value]) -> Value:
    """The operation of value.py with this tag."""
    half = len(x) // 2
    special: dict[str, Callable[[], Value]] = {
        "+": lambda: x[0] + x[1],
        "-": lambda: x[0] - x[1],
        "*": lambda: x[0] * x[1],
        "/": lambda: x[0] / x[1],
        "**": lambda: x[0] ** x[1],
        "neg": lambda: -x[0],
        "abs": lambda: abs(x[0]),
        "dot": lambda: dot(x[:half], x[half:-1], x[-1]),
        "maximum": lambda: maximum(x[0], x[1]),
        "minimum": lambda: minimum(x[0], x[1]),
        "leaky_relu": lambda: x[0].leaky_relu(x[1].data),
        "elu": lambda: x[0].elu(x[1].data),
    }
    result: Value = special[op]() if op in special else getattr(x[0], op)()
    return result


def recomputed(root: Value, edits: dict[int, float]) -> Numbers:
    """Data and gradients of the same graph in value.py, where leaves have other numbers."""
    fresh: dict[Value, Value] = {}
    for i, node in enumerate(nodes_below(root)):
        if node.parents:
            fresh[node] = applied(node.op, [fresh[parent] for parent in node.parents])
        else:
            fresh[node] = Value(edits.get(i, node.data))
            fresh[node].op = node.op
    fresh[root].backward()
    return [node.data for node in fresh.values()], [node.grad for node in fresh.values()]


def bits(numbers: Numbers) -> list[list[str]]:
    return [[(x + 0.0).hex() for x in part] for part in numbers]  # -0.0 counts as 0.0


def is_its_library() -> bool:
    """Whether Python's math is the library whose bits the page has: what `elementary.js` says."""
    processor = Path("/proc/cpuinfo")
    has_fma = processor.exists() and re.search(r"^flags\s*:.* fma ", processor.read_text(), re.M)
    return platform.libc_ver() == ("glibc", "2.36") and bool(has_fma)


@pytest.fixture
def same_functions(monkeypatch: pytest.MonkeyPatch) -> Callable[[Opened], None]:
    """Where Python has another mathematics library, lets value.py call the page's functions."""

    def share(page: Opened) -> None:
        def of(name: str) -> Callable[..., float]:
            return lambda *x: page.function(name, [x])[0]

        shared = {name: of(name) for name in ("exp", "expm1", "log1p", "tanh")}
        if not is_its_library():
            monkeypatch.setattr(value, "math", SimpleNamespace(**{**vars(math), **shared}))

    return share


@pytest.mark.parametrize("make", [xor, softmax, pytest.param(attention, marks=pytest.mark.slow)])
def test_the_gradients_are_those_of_backward_to_the_last_bit_also_after_edits(
    opened: Callable[..., Opened],
    same_functions: Callable[[Opened], None],
    make: Callable[[], Value],
) -> None:
    root = make()
    page = opened(root)
    same_functions(page)
    assert bits(page.numbers()) == bits(recomputed(root, {}))
    rng = random.Random(5)
    leaves = [i for i, node in enumerate(nodes_below(root)) if node.op == ""]
    edits: dict[int, float] = {}
    for _ in range(12):
        leaf = rng.choice(leaves)
        edits[leaf] = rng.gauss(0, 1)
        assert page.change(leaf, edits[leaf]) == ""
        assert bits(page.numbers()) == bits(recomputed(root, edits))
    assert len(edits) > 8


@pytest.mark.parametrize(
    "op",
    [
        pytest.param(op, marks=[pytest.mark.slow] * (op not in ("dot", "tanh", "**", "minimum")))
        for op in OPERATIONS
    ],
)
def test_every_rule_has_the_bits_of_value_py(
    opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch, op: str
) -> None:
    rng = random.Random(op)
    operands = 5 if op == "dot" else 2
    positive = op in ("log", "sqrt", "**", "/")
    x = [Value(1.0 + i) for i in range(operands)]
    y = applied(op, x)
    root = y * Value(0.7) + y * x[0]
    page = opened(root)
    shared = dict(vars(math))
    for name in ("exp", "expm1", "log1p", "tanh", "log", "sin", "cos", "erf", "pow"):
        function: Any = lambda *x, name=name: page.function(name, [x])[0]  # noqa: E731
        shared[name] = function
    monkeypatch.setattr(value, "math", SimpleNamespace(**shared))
    leaves = [i for i, node in enumerate(nodes_below(root)) if node.op == ""]
    edits: dict[int, float] = {}
    for round_ in range(15):
        for leaf in leaves:
            number = rng.choice([rng.gauss(0, 1), rng.gauss(0, 30), 0.5, 2.0, -1.0, 0.0])
            edits[leaf] = abs(number) + 0.01 if positive else number
            if op == "exp":
                edits[leaf] = min(number, 300.0)
        assert [page.change(leaf, edits[leaf]) for leaf in leaves] == [""] * len(leaves)
        assert bits(page.numbers()) == bits(recomputed(root, edits)), (round_, edits)


def points_of(name: str) -> list[tuple[float, ...]]:
    rng = random.Random(name)

    def point() -> float:
        x = rng.choice(
            [rng.gauss(0, 1), rng.gauss(0, 10), rng.gauss(0, 1e-3), rng.uniform(-40, 40)]
        )
        return abs(x) if name in ("log", "log1p", "pow") else x

    numbers = [(point(), rng.gauss(0, 3)) if name == "pow" else (point(),) for _ in range(4000)]
    return [*numbers, *[(600.0,), (-600.0,)] * (name == "exp")]


@pytest.mark.parametrize(
    ("name", "most", "ulps"),
    [
        ("exp", 0.0, 3),
        ("pow", 0.005, 1),
        ("erf", 0.1, 1),
        *(
            pytest.param(name, most, ulps, marks=pytest.mark.slow)
            for names, most, ulps in (
                (("expm1", "log1p", "tanh"), 0.0, 3),
                (("log", "sin", "cos"), 0.005, 1),
            )
            for name in names
        ),
    ],
)
def test_its_functions_are_pythons(library: Opened, name: str, most: float, ulps: int) -> None:
    points = points_of(name)
    ours = library.function(name, points)
    theirs = [getattr(math, name)(*point) for point in points]
    gaps = [abs(a - b) / math.ulp(b) for a, b in zip(ours, theirs, strict=True)]
    assert max(gaps) <= ulps
    if is_its_library():  # another library rounds otherwise at more points
        assert sum(gap > 0 for gap in gaps) <= most * len(points)


@pytest.mark.parametrize(
    ("name", "point", "expected"),
    [
        ("exp", (710.0,), math.inf),
        ("exp", (-746.0,), 0.0),
        ("exp", (-744.0,), 1e-323),
        ("log", (1.0,), 0.0),
        ("log", (0.0,), -math.inf),
        ("log", (5e-324,), -744.4400719213812),
        ("log1p", (-1.0,), -math.inf),
        ("pow", (-2.0, 3.0), -8.0),
        ("pow", (2.0, -1074.0), 5e-324),
        ("pow", (9.0, 0.5), 3.0),
        ("pow", (10.0, 400.0), math.inf),
        ("sin", (1e22,), -0.8522008497671888),
        ("erf", (30.0,), 1.0),
        ("tanh", (-25.0,), -1.0),
        ("expm1", (-60.0,), -1.0),
    ],
)
def test_its_functions_at_the_edges(
    library: Opened, name: str, point: tuple[float, ...], expected: float
) -> None:
    assert library.function(name, [point]) == [expected]


def test_it_says_whether_its_numbers_are_pythons(opened: Callable[..., Opened]) -> None:
    root = xor()
    sentence = opened(root).text("#honest")
    assert "rules of value.py" in sentence
    if is_its_library():
        assert "all 120 numbers and gradients were those of Python, to the last bit" in sentence
    root.data = math.nextafter(root.data, 1.0)
    sentence = opened(root).text("#honest")
    assert re.search(
        r"[1-9]\d* of 120 numbers and gradients differed .* by at most 1e-16", sentence
    )


# What its reader does.


def test_forward_and_backward_go_one_node_at_a_time(opened: Callable[..., Opened]) -> None:
    *_, d = small()
    page = opened(d)
    assert (page.step, page.last) == (0, 9)
    assert page.node(4, "data") == "?"
    seen = []
    for _ in range(9):
        page.tab.click("#next")
        seen.append(page.text("#story-title"))
    assert seen == [
        *("Forward 1 of 4: *₁", "Forward 2 of 4: *₂", "Forward 3 of 4: tanh", "Forward 4 of 4: +"),
        *("The root", "Backward 1 of 4: +", "Backward 2 of 4: tanh", "Backward 3 of 4: *₂"),
        "Backward 4 of 4: *₁",
    ]
    assert page.tab.is_disabled("#next")
    page.tab.click("#back")
    assert page.step == 8
    page.tab.click("#first")
    assert page.step == 0


def test_a_step_says_the_rule_in_words_and_numbers(opened: Callable[..., Opened]) -> None:
    x = Value(2.0, label="x")
    page = opened(0.6 * (x * x) + 0.3 * x)
    page.go(page.last)
    words = [page.text("#story")]
    while page.step:
        page.tab.click("#back")
        words.append(page.text("#story"))
    assert "To x: incoming 0.6 times local slope 2 is 1.2, added to its 0.3: 1.5." in words[0]
    assert "Paths meet at x" in words[0]
    assert any(
        "* is computed from its operands: 2 * 2 = 4" in re.sub("[₀-₉]", "", w) for w in words
    )


def test_shares_stand_on_the_edges_and_gradients_grow(opened: Callable[..., Opened]) -> None:
    a, b, c, d = small()
    page = opened(d)
    d.backward()
    page.go(7)
    assert page.node(0, "grad") == page.node(1, "grad") == "0"
    page.go(9)
    nodes = nodes_below(d)
    for leaf in (a, b, c):
        assert page.node(nodes.index(leaf), "grad") == f"{leaf.grad:.4g}"
    shares = page.tab.eval_on_selector_all(
        "text.share.active", "all => all.map(e => e.textContent)"
    )
    assert sorted(shares) == ["-3", "2"]


def test_gradchecks_number_stands_beside_each_leaf(opened: Callable[..., Opened]) -> None:
    page = opened(small()[-1])
    page.go(page.last - 1)
    assert page.text("#check-0") == ""
    page.go(page.last)
    leaves = [
        int(i)
        for i in page.tab.eval_on_selector_all(
            "td.check", "all => all.map((cell) => cell.id.split('-')[1])"
        )
    ]
    assert len(leaves) == 3
    for leaf in leaves:
        gradient = page.text(f"#gradient-{leaf}")
        assert page.text(f"#check-{leaf}") == f"{gradient} ✓"
        assert page.node(leaf, "check") == f"≈ {gradient}"


def test_a_gradient_at_a_kink_does_not_pass_the_check(opened: Callable[..., Opened]) -> None:
    page = opened(Value(0.0, label="x").relu() * 1.0)
    page.go(page.last)
    assert page.text("#check-0") == "0.5 ≠"


CLOCK = """() => {
  window.clock = { waits: [], tick: null };
  window.setInterval = (tick, wait) => { clock.waits.push(wait); clock.tick = tick; return 1; };
  window.clearInterval = () => { clock.tick = null; };
}"""
"""Has the page's timer go by `clock.tick()` alone: a test waits for no time."""


def test_slider_keyboard_and_play(opened: Callable[..., Opened]) -> None:
    page = opened(small()[-1])
    page.tab.fill("#slider", "6")
    assert page.step == 6
    page.tab.evaluate("document.activeElement.blur()")
    for key, step in [("ArrowRight", 7), ("ArrowLeft", 6), ("Home", 0), ("End", 9), ("Home", 0)]:
        page.tab.keyboard.press(key)
        assert page.step == step
    page.run(CLOCK)
    page.tab.keyboard.press("Space")
    for speed in ("0", "2"):
        page.tab.select_option("#speed", speed)
    slow, fast = (page.run("(which) => clock.waits.at(which)", which) for which in (-2, -1))
    assert 0 < fast < slow
    for step in range(1, 10):
        assert page.tab.get_attribute("#play", "aria-label") == "Pause"
        page.run("() => clock.tick()")
        assert page.step == step
    assert page.tab.get_attribute("#play", "aria-label") == "Play"
    page.tab.click("#play")
    page.run("() => clock.tick()")
    page.tab.click("#play")
    assert page.run("() => clock.tick") is None
    assert (page.step, page.last) == (1, 9)


def test_keys_in_a_field_are_the_fields(opened: Callable[..., Opened]) -> None:
    page = opened(small()[-1])
    page.tab.focus("#number-0")
    page.tab.keyboard.press("End")
    assert page.step == 0


def test_a_changed_number_is_followed_everywhere(opened: Callable[..., Opened]) -> None:
    *_, d = small()
    nodes = nodes_below(d)
    page = opened(d)
    page.go(page.last)
    page.tab.fill("#number-0", "1.5")
    page.tab.press("#number-0", "Enter")
    data, grad = recomputed(d, {0: 1.5})
    assert page.node(len(nodes) - 1, "data") == f"{data[-1]:.4g}"
    assert page.text("#gradient-0") == f"{grad[0]:.4g}"
    assert page.text("#check-0").endswith("✓")
    page.tab.click("#reset")
    assert page.node(len(nodes) - 1, "data") == f"{d.data:.4g}"
    assert page.tab.input_value("#number-0") == "2"


def test_a_leaf_in_the_drawing_leads_to_its_field(opened: Callable[..., Opened]) -> None:
    page = opened(small()[-1])
    page.tab.click('[data-node="1"]')
    assert page.run("() => document.activeElement.id") == "number-1"


@pytest.mark.parametrize(
    ("root", "number", "refusal"),
    [
        (lambda x: x.log(), "-1", "log(-1) has no finite result"),
        (lambda x: 1 / x, "0", "1 / 0 has no finite result"),
        (lambda x: x.sqrt(), "0", "The slope of sqrt(0) is infinite or undefined"),
        (lambda x: x.exp(), "1000", "exp(1000) has no finite result"),
        (lambda x: x * 2, "", "Not a number"),
    ],
)
def test_a_number_without_an_answer_is_refused_by_name(
    opened: Callable[..., Opened], root: Callable[[Value], Value], number: str, refusal: str
) -> None:
    x = Value(3.0, label="x")
    page = opened(root(x))
    before = page.numbers()
    page.tab.fill("td input", number)
    page.tab.press("td input", "Enter")
    assert refusal in page.text("#problem")
    assert page.numbers() == before


def test_the_lines_of_value_py_are_those_at_work(opened: Callable[..., Opened]) -> None:
    source = Path(value.__file__).read_text().splitlines()
    page = opened(small()[-1])
    at_work = "all => all.map((row) => row.lastChild.textContent.trim())"
    page.go(page.last)  # the product
    assert page.tab.eval_on_selector_all(".works", at_work) == [
        "self.grad += other.data * grad",
        "other.grad += self.data * grad",
    ]
    page.go(3)  # tanh, forward
    assert "y = math.tanh(self.data)" in page.tab.eval_on_selector_all(".works", at_work)
    numbers = page.tab.eval_on_selector_all(
        ".line",
        "all => all.map(({ children: [at, text] }) => [Number(at.textContent), text.textContent])",
    )
    for number, text in numbers:
        assert source[number - 1].strip() == text.strip()
    page.go(5)
    assert "self.grad += 1.0  # added" in page.text("#code")


def test_it_speaks_two_languages(opened: Callable[..., Opened]) -> None:
    page = opened(small()[-1], language="es")
    page.go(page.last)
    assert page.text("#story-title") == "Atrás 4 de 4: *₁"
    assert "lo que llega, 1, por la pendiente local 2 es 2" in page.text("#story")
    page.tab.click("[data-language=en]")
    assert page.run("() => document.documentElement.lang") == "en"
    assert page.text("#story-title") == "Backward 4 of 4: *₁"
    assert page.step == page.last


def test_both_languages_have_the_same_words(opened: Callable[..., Opened]) -> None:
    page = opened(small()[-1])
    keys = page.run(
        "() => ['en', 'es'].map((one) => [Object.keys(words[one]), Object.keys(words[one].rules)])"
    )
    assert keys[0] == keys[1]
    assert sorted(keys[0][1]) == sorted(OPERATIONS)
    assert sorted(page.run("() => Object.keys(rules)")) == sorted(OPERATIONS)


@pytest.mark.parametrize("width", [400, 1000, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_no_wider_than_the_window(
    opened: Callable[..., Opened], width: int, scheme: str
) -> None:
    page = opened(xor(), width=width, scheme=scheme)
    for step in (0, 5, 24, 30, page.last):
        page.go(step)
        assert page.run("() => document.documentElement.scrollWidth") <= width
        active = page.tab.eval_on_selector_all(
            ".active[data-node]",
            "all => all.map((e) => { const b = e.getBoundingClientRect(), v = "
            "document.getElementById('graph').getBoundingClientRect(); return b.left >= v.left - 1 "
            "&& b.right <= v.right + 1 && b.top >= v.top - 1 && b.bottom <= v.bottom + 1; })",
        )
        assert active == [True] * (step > 0), "what is at work is in sight"
    assert page.tab.is_visible("#leaves")


# What is written.


def test_nothing_that_a_label_says_becomes_part_of_the_page(opened: Callable[..., Opened]) -> None:
    x = Value(2.0, label="</script><script>document.title='taken'</script>")
    y = Value(3.0, label='"><img src=x onerror="document.title=1">\x1b[31m')
    root = x * y
    root.label = "<b>bold</b> ${title}"
    page = opened(root, title="<i>$svg</i>")
    page.go(page.last)
    assert page.tab.title() == "<i>$svg</i>"
    assert page.text("h1") == "<i>$svg</i>"
    assert page.tab.query_selector("b, img, i") is None
    assert "To </script><script>" in page.text("#story")


def test_xors_page_is_small_and_runs_only_its_own_script() -> None:
    text = to_html(xor())
    assert len(text.encode()) < 300_000
    written = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert written
    policy = html.unescape(written[1])
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http://www.w3.org/2000/svg" in text
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", text) == []


def test_the_gradients_of_the_graph_are_left_as_they_were(tmp_path: Path) -> None:
    a, *_, d = small()
    a.grad = 5.0
    graph.page(d, tmp_path / "page.html")
    assert (a.grad, d.grad) == (5.0, 0.0)


def own_operation(x: Value) -> Value:
    return Value._function("cube", lambda x: x**3, lambda x, _: 3 * x * x)(x)


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (lambda: Value(1.0), "one leaf"),
        (lambda: Value(math.inf) + 1, "finite numbers"),
        (lambda: own_operation(Value(2.0)), "'cube' is none of its operations"),
        (lambda: sum([Value(1.0)] * 5000), "at most 3,000 nodes, and this graph has 5,00"),
        (lambda: Tensor([1.0]).exp().sum(), "a graph of Values, not of Tensors"),
    ],
)
def test_what_a_page_cannot_show_is_refused(
    tmp_path: Path, root: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        graph.page(root(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_every_operation_of_value_py_has_its_lines() -> None:
    text = Path(value.__file__).read_text()
    tags = set(re.findall(r'_node\([^,]+, "(.+?)"', text)) | set(
        re.findall(r'_(?:function|extreme)\(\s*"(\w+)"', text)
    )
    assert tags - {"const"} == set(OPERATIONS)
    for op in OPERATIONS:
        shown = excerpts(op)
        assert any(one.forward for one in shown), op
        assert any(one.backward for one in shown), op


def test_the_command_writes_a_page(tmp_path: Path) -> None:
    out = tmp_path / "steps.html"
    result = command("configs/xor.yaml", "--out", str(out), "--language", "es")
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"60 of 60 nodes, loss 0.7971: {out}\n"
    text = out.read_text(encoding="utf-8")
    assert '<html lang="es">' in text
    assert "<h1>xor: pérdida de la muestra 1</h1>" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "/nowhere/steps.html"], "/nowhere/steps.html: No such file or directory"),
        (["--out", "steps.html", "--nodes", "4"], "--nodes is for pictures"),
        (["--out", "graph.svg", "--language", "es"], "--language is for pages"),
    ],
)
def test_the_command_refuses_what_makes_no_page(arguments: list[str], message: str) -> None:
    result = command("configs/xor.yaml", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
