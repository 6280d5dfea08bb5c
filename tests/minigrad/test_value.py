"""Value: what it records, how gradients flow, and what it refuses."""

import gc
import math
import subprocess
import sys

import pytest

import nn
from minigrad import Value
from minigrad.value import topological_order


def test_the_first_example_gives_the_gradients_of_the_readme() -> None:
    a, b, c = Value(2.0), Value(-3.0), Value(10.0)
    d = a * b + c.tanh()
    d.backward()
    assert (a.grad, b.grad, d.grad) == (-3.0, 2.0, 1.0)
    assert c.grad == pytest.approx(1 - math.tanh(10) ** 2, rel=1e-12)


def test_a_node_records_op_and_parents_in_order() -> None:
    a, b = Value(2.0, label="a"), Value(3.0)
    node = a - b
    assert (node.op, node.parents, node.label) == ("-", (a, b), "")
    assert (a.op, a.parents, a.label) == ("", (), "a")
    assert type(node.parents) is tuple


def test_a_plain_number_becomes_a_constant_on_either_side() -> None:
    x = Value(2.0)
    for node, parents in [
        (x + 3, [2.0, 3.0]),
        (3 + x, [3.0, 2.0]),
        (x - 3, [2.0, 3.0]),
        (3 - x, [3.0, 2.0]),
        (x * 3, [2.0, 3.0]),
        (3 * x, [3.0, 2.0]),
        (x / 4, [2.0, 4.0]),
        (4 / x, [4.0, 2.0]),
        (x**3, [2.0, 3.0]),
        (3**x, [3.0, 2.0]),
    ]:
        assert [parent.data for parent in node.parents] == parents
        assert sorted(parent.op for parent in node.parents) == ["", "const"]


def test_a_number_used_twice_collects_both_shares() -> None:
    a = Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad == 4.0
    x = Value(3.0)
    (x * x).backward()
    assert x.grad == 6.0


def test_leaves_accumulate_and_inner_nodes_hold_the_latest_call() -> None:
    x = Value(3.0)
    square = x * x
    cube = square * x
    cube.backward()
    assert (x.grad, square.grad, cube.grad) == (27.0, 3.0, 1.0)
    cube.backward()
    assert (x.grad, square.grad, cube.grad) == (54.0, 3.0, 1.0)


def test_losses_that_share_parameters_accumulate() -> None:
    w = Value(2.0)
    shared = w * 3.0
    (shared * shared).backward()  # 2 * 9 * w = 36
    (shared * 5.0).backward()  # 15
    assert w.grad == 36.0 + 15.0
    assert shared.grad == 5.0


def test_backward_from_a_leaf_adds_one() -> None:
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_topological_order_puts_operands_first_and_lists_each_operation_once() -> None:
    a = Value(1.0)
    b = a + 1
    c = b * b
    d = c + b
    order = topological_order(d)
    assert order == [b, c, d]


@pytest.mark.parametrize("length", [100_000])
def test_a_deep_chain_works_forward_backward_and_on_release(length: int) -> None:
    x = Value(1.0)
    node = x
    for i in range(length):
        node = node + x if i % 2 else node * 1.0
    node.backward()
    assert x.grad == 1.0 + length // 2
    del node


def test_a_step_leaves_nothing_to_the_garbage_collector() -> None:
    model = nn.MLP(2, [4, 1], activation="tanh")
    gc.collect()
    gc.disable()
    try:
        loss = nn.losses.bce(model([0.5, -1.0])[0], 1.0) / 3 + abs(model.parameters()[0]) ** 2
        loss.backward()
        del loss
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Value(-0.3).log(), ["log(-0.3)"]),
        (lambda: Value(0.0).log(), ["log(0.0)"]),
        (lambda: Value(1.0, label="gain") / Value(0.0), ["gain=1.0", "/ 0.0"]),
        (lambda: 1 / Value(0), ["1.0 / 0.0"]),
        (lambda: Value(-8) ** (1 / 3), ["(-8.0) ** 0.3333333333333333"]),
        (lambda: Value(0) ** -1, ["0.0 ** (-1.0)"]),
        (lambda: Value(1e200) ** 2, ["1e+200 ** 2.0"]),
        (lambda: Value(1000).exp(), ["exp(1000.0)", "709.78"]),
        (lambda: Value(-1, label="variance").sqrt(), ["sqrt(variance=-1.0)"]),
    ],
)
def test_an_operation_without_an_answer_names_itself_and_its_numbers(make, named) -> None:
    with pytest.raises(ArithmeticError) as caught:
        make()
    message = str(caught.value)
    assert all(part in message for part in named), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Value(0.0).sqrt(), "sqrt(0.0)"),
        (lambda: Value(0.0) ** 0.5, "0.0 ** 0.5"),
        (lambda: Value(-2.0) ** Value(3.0), "(-2.0) ** 3.0"),
    ],
)
def test_an_infinite_or_undefined_slope_is_named_by_backward(make, named) -> None:
    node = make()
    with pytest.raises(ArithmeticError, match=r"slope") as caught:
        (node * 2).backward()
    assert named in str(caught.value)


def test_a_plain_exponent_needs_no_slope_of_its_own() -> None:
    x = Value(-2.0)
    (x**3).backward()
    assert x.grad == 12.0


def test_an_infinite_power_of_zero_has_no_finite_slope_in_its_exponent() -> None:
    exponent = Value(-math.inf)
    power = Value(0.0) ** exponent
    power.backward()
    assert power.data == math.inf
    assert not math.isfinite(exponent.grad)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda inf, nan: inf - inf, math.nan),
        (lambda inf, nan: inf / 0, math.inf),
        (lambda inf, nan: -inf / 0, -math.inf),
        (lambda inf, nan: inf / -0.0, -math.inf),
        (lambda inf, nan: nan / 0, math.nan),
        (lambda inf, nan: (-inf).log(), math.nan),
        (lambda inf, nan: inf.log(), math.inf),
        (lambda inf, nan: inf.sin(), math.nan),
        (lambda inf, nan: inf.cos(), math.nan),
        (lambda inf, nan: (-inf).sqrt(), math.nan),
        (lambda inf, nan: inf.exp(), math.inf),
        (lambda inf, nan: nan.relu(), math.nan),
        (lambda inf, nan: nan.tanh(), math.nan),
        (lambda inf, nan: nan.softplus(), math.nan),
        (lambda inf, nan: inf.softplus(), math.inf),
        (lambda inf, nan: nan.sigmoid(), math.nan),
        (lambda inf, nan: nan.leaky_relu(), math.nan),
        (lambda inf, nan: nan.elu(), math.nan),
    ],
)
def test_nan_and_infinite_operands_pass_through(make, expected) -> None:
    result = make(Value(math.inf), Value(math.nan))
    assert result.data == expected or (math.isnan(result.data) and math.isnan(expected))
    result.backward()  # no error either


def test_relu_gives_a_positive_zero_and_the_power_zero_a_slope_of_zero() -> None:
    zero = Value(-3.0).relu().data
    assert (zero, math.copysign(1.0, zero)) == (0.0, 1.0)
    base = Value(0.0)
    (base**0).backward()
    assert base.grad == 0.0


@pytest.mark.parametrize("thing", ["a", 1j, True, None, Value(1.0), [1.0], b"1"])
def test_what_is_no_real_number_is_refused_by_name(thing: object) -> None:
    with pytest.raises(TypeError, match="one real number") as caught:
        Value(thing)  # type: ignore[arg-type]
    assert type(thing).__name__ in str(caught.value)


def test_an_integer_beyond_floats_is_refused_in_one_sentence() -> None:
    with pytest.raises(OverflowError, match="too large"):
        Value(10**400)


def test_comparison_reads_data_and_equality_is_identity() -> None:
    a, b = Value(1.0), Value(2.0)
    assert a < b
    assert b > a
    assert a <= 1.0
    assert b >= 2
    assert b < 3
    assert a != Value(1.0)
    assert len({a, b, a}) == 2


def test_float_format_and_repr_show_the_number() -> None:
    x = Value(2.5, label="x")
    assert float(x) == 2.5
    assert f"{x:.3f}" == "2.500"
    assert repr(x) == "Value(2.5, grad=0.0, label='x')"
    assert f"{Value(1.0)}" == "Value(1.0, grad=0.0)"


def test_importing_minigrad_loads_neither_numpy_nor_matplotlib() -> None:
    code = "import minigrad, sys; sys.exit('numpy' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_value_imports_nothing_of_the_project_and_only_the_standard_library() -> None:
    code = (
        "import sys, importlib.util as u; before = set(sys.modules)\n"
        "spec = u.spec_from_file_location('alone', 'minigrad/value.py')\n"
        "module = u.module_from_spec(spec); sys.modules['alone'] = module\n"
        "spec.loader.exec_module(module)\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - {'alone'}\n"
        "sys.exit(', '.join(new - set(sys.stdlib_module_names)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_packages_beside_minigrad_can_be_imported_from_it() -> None:
    from minigrad import nn, optim

    assert (nn, optim) == (sys.modules["nn"], sys.modules["optim"])
