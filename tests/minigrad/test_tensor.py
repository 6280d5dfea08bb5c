"""What a Tensor promises besides its figures: each place where small autograds break."""

from __future__ import annotations

import ast
import copy
import math
import operator
import pickle
import random
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, Value, tensor
from minigrad.tensor import concatenate, maximum, minimum, stack, unbroadcast, where
from tests.minigrad.make_torch_tensor_figures import stored

PAGE = Path(tensor.__file__)


def grads(f: Callable[..., Any], *operands: Any) -> list[Any]:
    """The gradients of the Tensors among the operands, for the sum of f."""
    result = f(*operands)
    result.backward(np.ones(result.shape))
    return [operand.grad.tolist() for operand in operands if isinstance(operand, Tensor)]


# The page.


def test_the_page_reads_in_one_sitting() -> None:
    tree = ast.parse(PAGE.read_text(encoding="utf-8"))
    docstrings = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    code = [
        line
        for number, line in enumerate(lines, start=1)
        if number not in docstrings and line.strip() and not line.strip().startswith("#")
    ]
    assert len(code) <= 350
    rules = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "backward" and node.args.args
    ]
    inner = [rule for rule in rules if rule.args.args[0].arg == "grad"]
    assert len(inner) >= 12
    assert [r.lineno for r in inner if (r.end_lineno or 0) - r.lineno > 10] == []


def test_one_function_alone_reverses_broadcasting() -> None:
    tree = ast.parse(PAGE.read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "unbroadcast"
    ]
    assert len(calls) == 1


def test_every_operation_has_a_gradient_rule_that_figures_of_pytorch_hold() -> None:
    x = [Tensor([[0.5, 2.0], [1.5, 3.0]]), Tensor([[1.0, 2.0], [0.5, 0.25]])]
    two = {"__add__", "__mul__", "__sub__", "__truediv__", "__pow__", "__matmul__"}
    reflected = {name.replace("__", "__r", 1) for name in two}
    special = {"__getitem__": (0,), "reshape": (4,), "transpose": (1, 0), "broadcast_to": (3, 2, 2)}
    methods = {
        name
        for name, member in vars(Tensor).items()
        if getattr(member, "__annotations__", {}).get("return") == "Tensor"
    }
    functions = {
        name
        for name, member in vars(tensor).items()
        if getattr(member, "__annotations__", {}).get("return") == "Tensor"
        and not name.startswith("_")
    }
    assert functions == {
        *("maximum", "minimum", "linear", "where", "concatenate", "stack", "as_tensor"),
    }
    assert {*two, *reflected, *special} <= methods
    rows = {row.op for row in stored()} - {"bce", "mse", "mae", "huber", "cross_entropy"}
    ops = set()
    for name in methods:
        arguments = (x[1],) if name in two | reflected else special.get(name, ())
        leaf = Tensor(x[0].data)
        result = getattr(leaf, name)(*arguments)
        assert result.parents, name
        result.backward(result.data * result.data)
        assert leaf.grad.any(), name
        ops.add(result.op)
    covered = {*rows, "transpose"} - {"transpose and reshape", "T", *functions}
    assert ops == covered
    assert functions - {"as_tensor"} <= rows
    plain = {name for name, member in vars(Tensor).items() if callable(member)} - methods
    assert {name for name in plain if not name.startswith("_")} == {"backward", "item", "numpy"}


def test_import_minigrad_waits_for_numpy_until_a_tensor_is_asked_for() -> None:
    import minigrad

    assert minigrad.Tensor is Tensor
    assert "Tensor" in minigrad.__all__
    with pytest.raises(AttributeError, match="has no attribute 'Tensr'"):
        getattr(minigrad, "Tensr")  # noqa: B009


# Broadcasting.


def test_a_gradient_has_the_shape_of_its_data_however_it_was_broadcast() -> None:
    column, row = Tensor([[1.0], [2.0]]), Tensor([3.0, 4.0, 5.0])
    assert grads(lambda a, b: a * b, column, row) == [[[12.0], [12.0]], [3.0, 3.0, 3.0]]
    scalar, table = Tensor(2.0), Tensor(np.ones((2, 3)))
    assert grads(lambda a, b: a * b, scalar, table) == [6.0, [[2.0] * 3] * 2]
    leading, longer = Tensor([[1.0, 2.0]]), Tensor(np.ones((4, 2)))
    assert grads(lambda a, b: a + b, leading, longer)[0] == [[4.0, 4.0]]
    for x in (column, row, scalar, table, leading, longer):
        assert x.grad.shape == x.data.shape
        assert x.grad.dtype == np.float64


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (1, 1, 3), (4, 1, 1)])
def test_unbroadcast_is_the_sum_over_all_copies_of_a_number(shape: tuple[int, ...]) -> None:
    whole = (4, 2, 3)
    grad = np.arange(24.0).reshape(whole)
    copies = np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), whole)
    expected = [grad[copies == number].sum() for number in range(math.prod(shape))]
    assert unbroadcast(grad, shape).shape == shape
    assert unbroadcast(grad, shape).ravel().tolist() == expected


def test_operands_stand_on_either_side() -> None:
    x = Tensor([1.0, 2.0], label="x")
    array = np.array([3.0, 4.0])
    assert (array + x).data.tolist() == [4.0, 6.0]
    assert (array - x).data.tolist() == [2.0, 2.0]
    assert (array / x).data.tolist() == [3.0, 2.0]
    assert (array @ x).item() == 11.0
    assert (np.ones((3, 2)) @ x).shape == (3,)
    assert (2**x).data.tolist() == [2.0, 4.0]
    listed: Any = [1.0, 1.0]
    assert (listed * x).data.tolist() == [1.0, 2.0]
    assert (np.float64(2) * x).data.tolist() == [2.0, 4.0]
    for result in (array + x, array @ x, 2**x, np.int64(2) * x, np.array([True, False]) * x):
        assert isinstance(result, Tensor)
        assert result.data.dtype == np.float64
    assert grads(lambda x: array @ x, Tensor([1.0, 2.0])) == [[3.0, 4.0]]


# Reductions and ties.


def test_equal_largest_elements_share_a_gradient_equally() -> None:
    assert grads(lambda x: x.max(), Tensor([3.0, 3.0, 1.0, 3.0])) == [[1 / 3, 1 / 3, 0.0, 1 / 3]]
    assert grads(lambda x: x.min(axis=1), Tensor([[1.0, 1.0], [2.0, 1.0]])) == [
        [[0.5, 0.5], [0.0, 1.0]]
    ]
    assert grads(maximum, Tensor([4.0, 1.0]), Tensor([4.0, 2.0])) == [[0.5, 0.0], [0.5, 1.0]]
    assert grads(lambda x: minimum(x, x), Tensor(4.0)) == [1.0]


def test_an_empty_batch_has_no_mean_and_no_maximum() -> None:
    empty = Tensor(np.zeros((0, 3)), label="batch")
    for name in ("mean", "max", "min", "logsumexp"):
        with pytest.raises(ValueError, match=rf"{name} of batch \(0, 3\): there are no numbers"):
            getattr(empty, name)()
    assert empty.mean(axis=1).shape == (0,)
    assert empty.sum().item() == 0.0
    assert grads(lambda x: x.sum(axis=0), empty) == [[]]


@pytest.mark.parametrize("axis", [2, -3, (0, 2)])
def test_an_axis_that_is_not_there_is_refused(axis: Any) -> None:
    with pytest.raises(ValueError, match=r"sum of x \(2, 3\): axis .* is none of its 2 axes"):
        Tensor(np.ones((2, 3)), label="x").sum(axis)


def test_an_axis_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"axis \(0, -2\) names an axis twice"):
        Tensor(np.ones((2, 3))).sum((0, -2))


def test_softmax_and_logsumexp_hold_at_a_thousand_and_with_rows_of_minus_infinity() -> None:
    x = Tensor([[1e3, -1e3], [-math.inf, 0.0], [-math.inf, -math.inf]])
    assert x.softmax().data[:2].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert x.log_softmax().data[0].tolist() == [0.0, -2000.0]
    assert x.logsumexp(axis=1).data.tolist() == [1e3, 0.0, -math.inf]
    assert x.logsumexp(axis=-1, keepdims=True).shape == (3, 1)
    assert np.isnan(x.softmax().data[2]).all()  # 0 / 0: PyTorch's answer, too


# Indices.


def test_a_repeated_index_adds() -> None:
    assert grads(lambda x: x[[0, 0, 2]], Tensor([1.0, 2.0, 3.0])) == [[2.0, 0.0, 1.0]]
    assert grads(lambda x: x[np.array([1, 1]), [0, 0]], Tensor([[1.0], [2.0]])) == [[[0.0], [2.0]]]


def test_empty_slices_and_lists_give_empty_tensors_and_no_gradient() -> None:
    indices: list[Any] = [slice(2, 2), [], np.zeros(3, dtype=bool)]
    for index in indices:
        assert grads(lambda x, index=index: x[index], Tensor([1.0, 2.0, 3.0])) == [[0.0] * 3]
        assert Tensor([1.0, 2.0, 3.0])[index].shape == (0,)


def test_comparisons_give_masks() -> None:
    x = Tensor([-1.0, 2.0, 3.0])
    assert (x > 0).tolist() == [False, True, True]
    assert (x <= 2).tolist() == [True, True, False]
    assert grads(lambda x: x[x >= 0] * 2, x) == [[0.0, 2.0, 2.0]]
    assert grads(lambda x: where(x < 0, 0.0, x), Tensor([-1.0, 2.0])) == [[0.0, 1.0]]


def test_rows_are_looped_over_and_a_number_is_not() -> None:
    assert [row.data.tolist() for row in Tensor([[1.0], [2.0]])] == [[1.0], [2.0]]
    with pytest.raises(TypeError):
        iter(Tensor(1.0)).__next__()


# Data.


def test_writing_into_an_array_after_the_forward_pass_changes_no_gradient() -> None:
    data, factor, mask, index = np.ones(3), np.full(3, 2.0), np.array([True] * 3), np.array([0, 1])
    x = Tensor(data)
    y = where(mask, x * factor, x)[index].sum()
    data[:], factor[:], mask[:], index[:] = 9.0, 9.0, False, 2
    y.backward()
    assert (y.item(), x.grad.tolist(), x.data.tolist()) == (4.0, [2.0, 2.0, 0.0], [1.0] * 3)


def test_what_a_graph_has_read_cannot_be_written_into() -> None:
    x = Tensor([[1.0, 2.0]])
    for node in (x, x * 2, x.T, x.reshape(2), x[0], x.sum()):
        with pytest.raises(ValueError, match="read-only"):
            node.data[...] = 5.0
    with pytest.raises(AttributeError, match=r"the data of \* \(1, 2\) is what \* gave"):
        (x * 2).data = [[1.0, 2.0]]
    copied = x.numpy()
    copied[...] = 7.0
    assert x.data.tolist() == [[1.0, 2.0]]


def test_the_data_of_a_leaf_is_replaced_as_a_whole_and_by_a_copy() -> None:
    x, new = Tensor([1.0, 2.0], label="x"), np.array([3.0, 4.0])
    x.data = new
    new[0] = 9.0
    assert x.data.tolist() == [3.0, 4.0]
    for wrong, error in (
        ([1.0], ValueError),
        (np.ones(2, np.float32), TypeError),
        ([1, 2], TypeError),
    ):
        with pytest.raises(error, match=r"x"):
            x.data = wrong
        with pytest.raises(error, match=r"x"):
            x.grad = wrong


def test_gradients_of_two_leaves_are_two_arrays() -> None:
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (x + y).backward([1.0, 1.0])
    x.grad *= 5
    assert y.grad.tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        (x + y).grad[0] = 1.0


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (1, TypeError, r"int64 of shape \(\): write 1\.0 for 1, or \.astype\(float\)"),
        ([[1, 2], [3, 4]], TypeError, r"int64 of shape \(2, 2\)"),
        (np.arange(3), TypeError, r"int64 of shape \(3,\)"),
        (True, TypeError, "bool of shape"),
        ([True, False], TypeError, r"bool of shape \(2,\)"),
        (
            np.ones(2, np.float32),
            TypeError,
            r"float32 of shape \(2,\): write \.astype\(np\.float64\)",
        ),
        ([1j], TypeError, "complex128 of shape"),
        ([[1.0], [1.0, 2.0]], ValueError, "lists of equal lengths"),
        (np.array([1.0, None]), TypeError, "object of shape"),
        ("1.0", TypeError, "of shape"),
        (Value(1.0), TypeError, "not a Value"),
        (Tensor(1.0), TypeError, "not a Tensor"),
        ([Tensor(1.0)], TypeError, r"\.numpy\(\)"),
    ],
)
def test_what_is_no_array_of_float64_is_refused(data: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        Tensor(data, label="x")


@pytest.mark.parametrize("operand", ["1", 1j, None, object(), Value(1.0), [None], 10**400])
def test_a_tensor_meets_real_numbers_alone(operand: Any) -> None:
    with pytest.raises(TypeError, match="real numbers"):
        Tensor(1.0) + operand


def test_constants_of_any_real_type_become_float64_and_get_no_gradient() -> None:
    x = Tensor([1.0, 2.0])
    for constant in (2, np.array([1, 2]), np.float32(0.5), np.array([True, False]), [1, 2]):
        y = x * constant
        assert y.data.dtype == np.float64
        y.backward([1.0, 1.0])
        assert y.parents[1].op == "const"
        assert not y.parents[1].grad.any()


def test_any_real_number_is_a_constant_as_it_is_for_a_value() -> None:
    third = Fraction(1, 3)
    assert (Tensor([1.0, 2.0]) + third).data.tolist() == [1.0 + 1 / 3, 2.0 + 1 / 3]
    assert (Tensor(1.0) * [third, 2]).data.tolist() == [1 / 3, 2.0]


@pytest.mark.parametrize("number", [10**400, 10**5000, [1.0, 10**400]], ids=["400", "5000", "list"])
@pytest.mark.parametrize("way", [operator.add, operator.lt, operator.mul])
def test_an_integer_that_no_float_holds_is_refused_in_short(number: Any, way: Any) -> None:
    with pytest.raises(TypeError, match="real numbers") as caught:
        way(Tensor([1.0, 2.0]), number)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("name", ["leaky_relu", "elu"])
@pytest.mark.parametrize("setting", [Tensor(0.1), [0.1, 0.2], True, None, "0.1", Value(0.1)])
def test_a_setting_without_a_gradient_is_one_real_number(name: str, setting: Any) -> None:
    with pytest.raises(TypeError, match=f"the setting of {name} is one real number, not "):
        getattr(Tensor([1.0, -2.0]), name)(setting)


@pytest.mark.parametrize("function", [math.exp, math.sqrt, math.tanh])
def test_a_function_of_math_inside_an_expression_warns_that_the_graph_ends_there(
    function: Callable[[Any], float],
) -> None:
    x, w = Tensor(0.5), Tensor(2.0)
    with pytest.warns(UserWarning, match=rf"math\.{function.__name__} takes x out of the graph"):
        (w * function(x) - 1) ** 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert function(x) < 2
        assert float(x) * 2 == 1.0


# Refusals.


@pytest.mark.parametrize("axis", [0.0, "0", True, {0}, np.array([0]), (0, 1.0), [None]])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "logsumexp", "softmax"])
def test_what_is_no_axis_is_refused_with_the_operation(name: str, axis: Any) -> None:
    with pytest.raises(TypeError, match=rf"{name} of x \(2, 2\): axis is an int"):
        getattr(Tensor([[1.0, 2.0], [3.0, 4.0]], label="x"), name)(axis=axis)
    last: Any = np.int64(1)
    assert Tensor([[1.0, 2.0]]).sum(axis=last).data.tolist() == [3.0]


WRONG_AXIS: Any = 1.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: x < [1.0, 2.0, 3.0], r"< of x \(2,\) and \(3,\): the shapes do not broadcast"),
        (lambda x: x >= [1.0, 2.0, 3.0], r">= of x \(2,\) and \(3,\): the shapes do not"),
        (lambda x: x.broadcast_to(2.7), r"broadcast_to of x \(2,\) by 2\.7"),
        (lambda x: x.broadcast_to("a"), r"broadcast_to of x \(2,\) by 'a'"),
        (lambda x: concatenate([x, x], axis=WRONG_AXIS), r"concatenate of x \(2,\) and x \(2,\)"),
        (lambda x: stack([x, x], axis=WRONG_AXIS), r"stack of x \(2,\) and x \(2,\)"),
    ],
)
def test_what_does_not_fit_is_named_in_our_words(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(Tensor([1.0, 2.0], label="x"))


@pytest.mark.parametrize("condition", [["a", "b"], [None, True], [0.0, math.nan], [1j, 0]])
def test_a_condition_that_is_no_truth_is_refused(condition: Any) -> None:
    with pytest.raises(TypeError, match="where needs an array of booleans, not "):
        where(condition, Tensor([1.0, 2.0]), 0.0)


def test_a_label_stays_on_one_line_of_a_message() -> None:
    for label, words in (("a\nb\x1b[31m", r"'a\\nb\\x1b\[31m'"), ("w" * 500, "www\\.\\.\\.")):
        with pytest.raises(ArithmeticError, match=words) as caught:
            Tensor([-1.0], label=label).log()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda x, w: x @ w,
            r"matmul of x \(3, 4\) and w \(5, 2\): 4 columns meet 5 rows",
        ),
        (lambda x, w: x + w, r"\+ of x \(3, 4\) and w \(5, 2\): the shapes do not broadcast"),
        (lambda x, w: x @ 2.0, r"matmul of x \(3, 4\) and \(\): a single number has no rows"),
        (lambda x, w: x.tanh() @ w, r"matmul of tanh \(3, 4\) and w \(5, 2\)"),
        (lambda x, w: x.reshape(5, 2), r"reshape of x \(3, 4\) by \(5, 2\)"),
        (lambda x, w: x.transpose(0, 0), r"transpose of x \(3, 4\) by \(0, 0\)"),
        (lambda x, w: x.broadcast_to(4, 3), r"broadcast_to of x \(3, 4\)"),
        (lambda x, w: concatenate([x, w]), r"concatenate of x \(3, 4\) and w \(5, 2\)"),
        (lambda x, w: stack([x, w]), r"stack of x \(3, 4\) and w \(5, 2\)"),
        (lambda x, w: where([True] * 7, x, 0.0), r"where of x \(3, 4\) and \(\)"),
        (lambda x, w: tensor.linear(x, w, 1.0), r"linear of x \(3, 4\) and w \(5, 2\) and \(\)"),
        (lambda x, w: x.backward(), r"backward\(\) of x \(3, 4\): a gradient starts at one number"),
        (lambda x, w: x.backward([1.0]), r"the seed of x \(3, 4\) cannot have the shape \(1,\)"),
        (lambda x, w: x.item(), r"item\(\) needs one element, x \(3, 4\) has 12"),
        (lambda x, w: bool(x), r"one element"),
    ],
)
def test_shapes_that_do_not_fit_are_named_with_operation_and_labels(
    call: Callable[[Tensor, Tensor], Any], words: str
) -> None:
    x, w = Tensor(np.ones((3, 4)), label="x"), Tensor(np.ones((5, 2)), label="w")
    with pytest.raises(ValueError, match=words):
        call(x, w)


def test_an_index_that_is_not_there_is_named() -> None:
    with pytest.raises(IndexError, match=r"index of x \(2,\): index 5 is out of bounds"):
        Tensor([1.0, 2.0], label="x")[5]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: p.log(), r"log has no finite real result at \[1, 0\]: p \(2, 2\) = -1\.0"),
        (lambda p: p.sqrt(), r"sqrt .* at \[1, 0\]"),
        (lambda p: (1000 * abs(p)).exp(), r"exp .* at \[0, 0\]: \* \(2, 2\) = 1000\.0"),
        (lambda p: 1 / (p - 2.0), r"/ .* at \[0, 1\]: \(\) = 1\.0 and - \(2, 2\) = 0\.0"),
        (lambda p: p**0.5, r"\*\* .* at \[1, 0\]: p \(2, 2\) = -1\.0 and \(\) = 0\.5"),
        (lambda p: (p + 1.0) ** -1, r"\*\* .* at \[1, 0\]"),
        (lambda p: (abs(p) * 1e300) ** 2, r"\*\* .* at \[0, 0\]"),
    ],
)
def test_what_has_no_answer_is_named_with_its_first_place(
    call: Callable[[Tensor], Any], words: str
) -> None:
    with pytest.raises(ArithmeticError, match=words):
        call(Tensor([[1.0, 2.0], [-1.0, 3.0]], label="p"))


def test_a_product_and_a_sum_that_give_nan_of_finite_numbers_are_named() -> None:
    signs = [1.0, -1.0] * 32  # partial sums overflow to both sides
    x, w = Tensor([1e200] * 64, label="x"), Tensor([1e200 * s for s in signs], label="w")
    with pytest.raises(ArithmeticError, match=r"matmul of x \(64,\) and w \(64,\) gives nan"):
        x @ w
    numbers = Tensor([[0.0] * 64, [1e308 * s for s in signs]], label="numbers")
    with pytest.raises(ArithmeticError, match=r"sum of numbers \(2, 64\) gives nan at \[1\]"):
        numbers.sum(axis=1)


def test_overflow_and_operands_that_are_not_finite_pass_as_ieee_says() -> None:
    inf = math.inf
    assert (Tensor([1e308]) * 10).data.tolist() == [inf]
    assert (Tensor([1e308]) + 1e308).data.tolist() == [inf]
    assert np.isnan((Tensor([inf]) - inf).data).all()
    assert Tensor([inf, 1.0]).exp().data.tolist() == [inf, math.e]
    assert np.isnan(Tensor([math.nan]).log().data).all()
    assert np.isnan((Tensor([[inf, 1.0]]) @ Tensor([[0.0], [1.0]])).data).all()
    with pytest.raises(ArithmeticError, match=r"log .* at \[1\]"):
        Tensor([inf, -1.0]).log()


def test_an_infinite_slope_is_an_error_of_backward_with_its_place() -> None:
    x = Tensor([1.0, 0.0], label="x")
    with pytest.raises(ArithmeticError, match=r"slope of sqrt for x \(2,\) = 0\.0 at \[1\] is"):
        x.sqrt().sum().backward()
    with pytest.raises(ArithmeticError, match=r"slope of \*\* .* a plain number needs no slope"):
        (Tensor([-2.0]) ** Tensor([2.0])).backward()
    with pytest.raises(ArithmeticError, match=r"slope of \*\* for z .* undefined$"):
        (Tensor([0.0], label="z") ** 0.5).backward()  # whose exponent is plain already
    y = Tensor([math.inf, 0.25])
    (y - y).backward([1.0, 1.0])
    assert y.grad.tolist() == [0.0, 0.0]


def test_powers_of_0_have_pytorchs_slopes() -> None:
    x, n = Tensor([0.0, 0.0, 0.0, 2.0]), Tensor([0.0, 1.0, 2.0, 0.0])
    y = x**n
    y.backward([1.0, 1.0, 1.0, 1.0])
    assert y.data.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert x.grad.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert n.grad.tolist() == [0.0, 0.0, 0.0, pytest.approx(math.log(2))]


def test_a_constant_exponent_needs_no_slope_at_a_negative_base() -> None:
    assert grads(lambda x: x**3, Tensor([-2.0, 1.0])) == [[12.0, 3.0]]
    assert grads(lambda x: x ** np.array([2.0, -1.0]), Tensor([-2.0, -2.0])) == [[-4.0, -0.25]]


def test_nan_that_came_in_flows_back_and_keeps_what_was_there() -> None:
    x = Tensor([math.nan, 0.25])
    (x.sqrt() + x).backward([1.0, 1.0])
    assert np.isnan(x.grad[0])
    assert x.grad[1] == 2.0
    row = Tensor([-math.inf, -math.inf])
    (row.softmax()[0] + row.sum()).backward()
    assert np.isnan(row.grad).all()


# backward().


def test_a_tensor_that_is_used_twice_receives_both_shares() -> None:
    x = Tensor([2.0, 3.0])
    y = x * x
    (y + y * x).backward([1.0, 1.0])
    assert x.grad.tolist() == [2 * 2 + 3 * 4, 2 * 3 + 3 * 9]


def test_leaves_accumulate_and_inner_nodes_hold_the_latest_gradient() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 3
    loss = y.sum()
    loss.backward()
    first = x.grad
    loss.backward()
    assert (x.grad.tolist(), y.grad.tolist(), first.tolist()) == ([6.0, 6.0], [1.0, 1.0], [3.0] * 2)
    x.grad = 0.0
    assert x.grad.tolist() == [0.0, 0.0]
    x.backward([1.0, 2.0])
    assert x.grad.tolist() == [1.0, 2.0]


def test_tensors_of_no_axis_work_throughout() -> None:
    x = Tensor(0.5, label="x")
    y = (x * 2 + x.exp() / 3 - x**2).tanh().sum().max().reshape(1)[0].T
    y.backward()
    assert y.shape == x.grad.shape == ()
    assert isinstance(x.grad, np.ndarray)
    assert isinstance(y.data, np.ndarray)
    assert isinstance(y.grad, np.ndarray)
    v = Value(0.5)
    w = (v * 2 + v.exp() / 3 - v**2).tanh()
    w.backward()
    assert float(y) == pytest.approx(w.data, rel=1e-15)
    assert x.grad.item() == pytest.approx(v.grad, rel=1e-14)
    assert f"{y:.3f}" == f"{w:.3f}"


def test_a_transposed_array_is_reshaped_by_its_rows() -> None:
    x = Tensor(np.arange(6.0).reshape(2, 3))
    assert x.T.reshape(6).data.tolist() == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    assert Tensor(np.arange(6.0).reshape(2, 3).T).reshape(6).data.tolist()[1] == 3.0
    weights = np.arange(6.0)
    assert grads(lambda x: x.T.reshape(6) * weights, x) == [[[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]]


def test_a_million_elements_are_walked_in_arrays() -> None:
    x = Tensor(np.linspace(-1.0, 1.0, 1_000_000))
    (x.tanh() * 2).mean().backward()
    assert x.grad.shape == (1_000_000,)
    assert x.grad[0] == pytest.approx(2e-6 / math.cosh(1.0) ** 2, rel=1e-9)


@pytest.mark.parametrize("length", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_long_chain_of_operations_is_walked_and_freed(length: int) -> None:
    x = Tensor([1.0, 2.0])
    y = x
    for _ in range(length):
        y = y + 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    del y


def test_a_graph_has_no_cycle_and_is_freed_without_the_collector() -> None:
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        x = Tensor([0.5, 1.5])
        y = (x.tanh() @ x + (x * x).softmax().sum() + x[[0, 1]].max() + x.T.mean()).exp()
        y.backward()
        rule = weakref.ref(y._backward)
        del y
        assert rule() is None
    finally:
        gc.enable()


def test_the_same_graph_of_values_has_the_same_numbers() -> None:
    rng = random.Random(4)
    numbers = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(2)]
    x = Tensor(numbers)
    (x.sigmoid() * x.silu() + (x.softplus() - x.gelu()).sin() * x.cos() ** 3).sum().backward()
    for row, slopes in zip(numbers, x.grad.tolist(), strict=True):
        for number, slope in zip(row, slopes, strict=True):
            v = Value(number)
            (v.sigmoid() * v.silu() + (v.softplus() - v.gelu()).sin() * v.cos() ** 3).backward()
            assert slope == pytest.approx(v.grad, rel=1e-12)


# Copies.


@pytest.mark.parametrize("way", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_leaf_is_copied_with_all_it_holds_and_a_graph_is_refused(way: Any) -> None:
    x = Tensor([1.0, 2.0], label="x")
    (x * x).sum().backward()
    twin = way(x)
    assert (twin.data.tolist(), twin.grad.tolist(), twin.label) == ([1.0, 2.0], [2.0, 4.0], "x")
    twin.backward([1.0, 1.0])
    assert x.grad.tolist() == [2.0, 4.0]
    with pytest.raises(TypeError, match=r"\* \(2,\) belongs to a graph and cannot be copied"):
        way(x * x)


def test_it_shows_its_numbers_and_its_label() -> None:
    assert repr(Tensor([1.0, 2.5], label="x")) == "Tensor([1. , 2.5], label='x')"
    assert f"{Tensor(2.0)}" == "Tensor(2.)"
    assert len(Tensor([[1.0], [2.0]])) == 2
    assert (Tensor([[1.0, 2.0]]).shape, Tensor([[1.0, 2.0]]).ndim, Tensor([1.0]).size) == (
        *((1, 2), 2),
        1,
    )
