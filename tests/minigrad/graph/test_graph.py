"""The graph in sight: text, DOT, pictures, and backward() by steps."""

import errno
import itertools
import math
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from minigrad import Value, graph
from minigrad.graph import __main__ as graph_command
from minigrad.nodes import NOT_RUN, local_slopes, nodes_below
from minigrad.value import topological_order
from tests.calling import call


def example() -> tuple[Value, Value, Value, Value]:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(0.5, label="c")
    return a, b, c, a * b + c.tanh()


def test_steps_does_what_backward_does_to_the_bit() -> None:
    def shared() -> tuple[Value, Value]:
        x = Value(0.7)
        y = x * x + x.tanh() * 0.3
        return x, (y * y / (1 + y.exp())) ** 2 + y

    x, root = shared()
    root.backward()
    x2, root2 = shared()
    steps = list(graph.steps(root2))
    assert x2.grad == x.grad
    assert [n.grad for n in topological_order(root2)] == [n.grad for n in topological_order(root)]
    assert [step.node for step in steps] == list(reversed(topological_order(root2)))
    root.backward()
    list(graph.steps(root2))
    assert x2.grad == x.grad


def test_a_step_tells_slopes_and_shares() -> None:
    a, b, _, d = example()
    steps = {step.op: step for step in graph.steps(3 * d)}
    product = steps["*"]
    assert product.node.parents == (a, b)
    assert (product.grad, product.slopes, product.added) == (3.0, (-3.0, 2.0), (-9.0, 6.0))
    assert str(product) == "* (-6.0) has gradient 3: a (2.0) += -3 * 3 = -9; b (-3.0) += 2 * 3 = 6"


def test_an_operand_used_twice_is_told_once() -> None:
    x = Value(3.0)
    (step,) = graph.steps(x * x)
    assert (step.parents, step.slopes) == ((x,), (6.0,))


def test_steps_are_carried_out_one_at_a_time() -> None:
    a, _, _, d = example()
    walk = graph.steps(d)
    next(walk)
    assert a.grad == 0.0
    list(walk)
    assert a.grad == -3.0


def test_steps_name_an_infinite_slope() -> None:
    with pytest.raises(ArithmeticError, match=r"sqrt\(0\.0\)"):
        list(graph.steps(Value(0.0).sqrt()))


def test_steps_pass_what_is_not_finite_through_as_backward_does() -> None:
    def power() -> tuple[Value, Value, Value]:
        base, exponent = Value(0.0), Value(-math.inf)
        return base, exponent, base**exponent

    *operands, root = power()
    root.backward()
    *leaves, same = power()
    (step,) = graph.steps(same)
    assert [x.grad.hex() for x in leaves] == [x.grad.hex() for x in operands] == ["nan", "nan"]
    assert str(step) == "** (inf) has gradient 1: 0.0 += nan * 1 = nan; -inf += nan * 1 = nan"


def test_local_slopes_leave_gradients_alone() -> None:
    x = Value(3.0)
    x.grad = 5.0
    assert local_slopes(x**2) == (6.0, 0.0)
    assert x.grad == 5.0


def test_text_and_dot_show_label_op_data_and_gradient() -> None:
    *_, d = example()
    d.label = "d"
    d.backward()
    text, dot = graph.to_text(d), graph.to_dot(d)
    assert "#2     -6        grad 1          #0 * #1" in text
    assert text.splitlines()[-1] == "#5     -5.5379   grad 1          #2 + #4  d"
    assert 'n5 [label="+  d\\n-5.54\\ngrad 1"];' in dot
    assert dot.count("->") == 5
    assert NOT_RUN not in text + dot


def test_before_backward_they_say_so_instead_of_showing_zeros() -> None:
    *_, d = example()
    for text in (graph.to_text(d), graph.to_dot(d)):
        assert NOT_RUN in text
        assert "grad 0" not in text


def test_a_limit_keeps_the_nodes_nearest_to_the_root_and_marks_the_cut() -> None:
    *_, d = example()
    assert [node.op for node in nodes_below(d, limit=3)] == ["*", "tanh", "+"]
    assert "... * ..." in graph.to_text(d, limit=3)
    assert graph.to_dot(d, limit=3).count("...") == 2
    assert len(nodes_below(d, limit=100)) == 6
    assert nodes_below(d, limit=1) == [d]


def test_labels_cannot_break_the_dot_file() -> None:
    root = Value(1.0, label='a"]; evil [label="\\').exp()
    assert 'label="a\\"]; evil [label=\\"\\\\\\n1"' in graph.to_dot(root)


def test_a_leaf_alone_is_a_graph_too(tmp_path: Path) -> None:
    assert graph.to_text(Value(2.0, label="a")).startswith("#0     2")
    graph.draw(Value(2.0), tmp_path / "leaf.png")


def test_no_picture_shows_a_negative_zero() -> None:
    x, y = Value(-0.0, label="x"), Value(3.0, label="y")
    root = x * y
    root.backward()
    x.grad = -0.0
    assert "-0" not in graph.to_dot(root)


def test_our_own_drawing_has_arrows_a_legend_and_names_as_they_are(tmp_path: Path) -> None:
    from minigrad.graph.picture import draw_layers

    a, b = Value(2.0, label="a $cost$"), Value(3.0, label="b")
    root = (a * b).tanh()
    root.backward()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw_layers(root, tmp_path / "g.svg")
    svg = (tmp_path / "g.svg").read_text()
    assert "a $cost$" in svg
    assert "In a box, line by line: the operation" in svg
    assert svg.count('id="patch_') >= 3 + 1 + 4  # an arrow each besides four boxes


@pytest.mark.parametrize(("name", "start"), [("g.svg", b"<?xml"), ("g.png", b"\x89PNG")])
def test_draw_writes_the_file_its_ending_says(tmp_path: Path, name: str, start: bytes) -> None:
    *_, d = example()
    d.backward()
    graph.draw(d, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.svg or \.png"):
        graph.draw(Value(1.0), tmp_path / "g.pdf")


def test_graphviz_draws_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "dot"  # takes what Graphviz' dot takes, and copies its input
    stand_in.write_text('#!/bin/sh\n[ "$*" = -Tsvg ] && cat\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    *_, d = example()
    graph.draw(d, tmp_path / "g.svg")
    assert (tmp_path / "g.svg").read_text() == graph.to_dot(d)


def test_what_graphviz_says_when_it_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "dot"
    stand_in.write_text("#!/bin/sh\necho 'a warning' >&2; echo 'out of ink' >&2; exit 1\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    *_, d = example()
    with pytest.raises(OSError, match=r"^Graphviz could not draw .*g\.svg: out of ink$"):
        graph.draw(d, tmp_path / "g.svg")


def test_boxes_of_our_own_drawing_stand_apart_and_parents_left_of_children() -> None:
    from minigrad.config import load
    from minigrad.graph.layers import folded, places
    from minigrad.runner import build

    root = build.sample_loss(load("configs/xor.yaml"), 1)
    nodes = nodes_below(root)
    boxes = [node for node in nodes if node not in folded(nodes)]
    sizes = {node: (0.5 + 0.1 * len(node.op), 0.4 + 0.1 * len(node.parents)) for node in boxes}
    place = places(boxes, sizes, 0.29, 0.13)
    columns: dict[float, list[Value]] = {}
    for node, (x, _) in place.items():
        columns.setdefault(x, []).append(node)
    assert len(columns) > 5
    for column in columns.values():
        column.sort(key=lambda node: place[node][1])
        for a, b in itertools.pairwise(column):
            assert place[b][1] - place[a][1] > (sizes[a][1] + sizes[b][1]) / 2
    for node in boxes:
        for parent in node.parents:
            if parent in place:
                room = (sizes[parent][0] + sizes[node][0]) / 2
                assert place[node][0] - place[parent][0] > room


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return call(graph_command, *arguments)


def test_the_command_draws_a_samples_loss(tmp_path: Path) -> None:
    out = tmp_path / "graph.svg"
    result = command("configs/xor.yaml", "--out", str(out))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"60 of 60 nodes, loss 0.7971: {out}\n"
    svg = out.read_text()
    assert "w0[7,1]" in svg or "#DejaVuSans" in svg
    assert command("configs/xor.yaml", "--out", str(out), "--nodes", "10").returncode == 0


def test_the_command_prints_text_without_a_file() -> None:
    result = command("configs/xor.yaml", "model.hidden=[1]", "--sample", "2")
    assert result.returncode == 0
    assert "x0" in result.stdout
    assert "tanh #" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["configs/none.yaml"], "configs/none.yaml: cannot be read"),
        (["configs/xor.yaml", "--sample", "9"], "there is no sample 9: the data has 0 to 3"),
        (["configs/xor.yaml", "--out", "g.pdf"], "'g.pdf' is neither"),
        (["configs/xor.yaml", "--out", "/nowhere/g.svg"], "/nowhere/g.svg"),
        (["configs/xor.yaml", "--nodes", "0"], "--nodes"),
    ],
)
def test_the_command_refuses_in_a_line_and_exits_2(arguments: list[str], message: str) -> None:
    result = command(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_picture_that_cannot_be_drawn_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    from minigrad.files import whole

    path = tmp_path / f"g.{ending}"
    path.write_text("the old picture")
    *_, d = example()

    def out_of_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(whole, "_create", out_of_room)
    with pytest.raises(OSError, match="no space left"):
        graph.draw(d, path)
    assert path.read_text() == "the old picture"


@pytest.mark.parametrize(
    "backend",
    [
        "nonsense",
        pytest.param("module://nowhere.at_all", marks=pytest.mark.slow),
        pytest.param("module://matplotlib_inline.backend_inline", marks=pytest.mark.slow),
    ],
)
def test_a_picture_needs_no_backend_of_matplotlibs(tmp_path: Path, backend: str) -> None:
    line = [sys.executable, "-m", "minigrad.graph", "configs/xor.yaml", "model.hidden=[1]"]
    environment = {**os.environ, "MPLBACKEND": backend, "PATH": ""}
    out = tmp_path / "g.png"
    result = subprocess.run([*line, "--out", str(out)], env=environment, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")
    assert out.read_bytes().startswith(b"\x89PNG")
