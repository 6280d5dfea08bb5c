import math

import pytest
from judge import same
from lab2 import add, multiply
from lab3 import Node, record

pytestmark = pytest.mark.lab3

# With a = Node(8.0) and b = Node(2.0): what is typed, its value, and the rule's name.
OPERATORS = [
    ("a + b", 10.0, "add"),
    ("a + 2.0", 10.0, "add"),
    ("8.0 + b", 10.0, "add"),
    ("a - b", 6.0, "subtract"),
    ("a - 2.0", 6.0, "subtract"),
    ("8.0 - b", 6.0, "subtract"),
    ("a * b", 16.0, "multiply"),
    ("a * 2.0", 16.0, "multiply"),
    ("8.0 * b", 16.0, "multiply"),
    ("a / b", 4.0, "divide"),
    ("a / 2.0", 4.0, "divide"),
    ("8.0 / b", 4.0, "divide"),
    ("b.exp()", math.exp(2.0), "exp"),
    ("b.log()", math.log(2.0), "log"),
    ("b.tanh()", math.tanh(2.0), "tanh"),
    ("b.relu()", 2.0, "relu"),
]


def test_a_record_holds_value_rule_operands_and_slopes():
    a, b = Node(2.0), Node(-3.0)
    product = record(multiply, a, b)
    same("record(multiply, Node(2.0), Node(-3.0)).data", product.data, -6.0, "The rule's value.")
    same("its op", product.op, "multiply", "A function has its name in rule.__name__.")
    same("its slopes", product.slopes, (-3.0, 2.0), "The rule's second answer, as it is.")
    hint = "parents = (a, b): a tuple of the Nodes themselves, not of copies or numbers."
    same("its parents are the two operands", _are(product.parents, [a, b]), True, hint)


def test_a_plain_number_becomes_a_leaf():
    a = Node(2.0)
    total = record(add, a, 10)
    hint = "Make a Node of an operand that is none, before anything else: isinstance(o, Node)."
    same("record(add, Node(2.0), 10).data", total.data, 12.0, hint)
    same("all its parents are Nodes", [type(p) for p in total.parents], [Node, Node], hint)
    same("the second one's data and parents", _leaf(total.parents[1]), (10.0, ()), hint)


@pytest.mark.parametrize(("typed", "value", "name"), OPERATORS, ids=[o[0] for o in OPERATORS])
def test_an_operator_records_its_rule(typed, value, name):
    a, b = Node(8.0), Node(2.0)
    result = eval(typed, {"a": a, "b": b})
    hint = "The operands keep their order: 8.0 - b is not b - 8.0."
    same(f"({typed}).data, with a = 8 and b = 2", result.data, value, hint)
    same(f"({typed}).op", result.op, name, "Which of your rules belongs to this operator?")


def test_a_number_used_twice_is_one_node():
    x = Node(3.0)
    square = x * x
    hint = "Both parents of x * x are x itself. A copy would receive gradients in place of x."
    same("both parents of x * x are x", _are(square.parents, [x, x]), True, hint)


def test_a_graph_can_be_walked_back_to_its_leaves():
    a, b, c = Node(2.0), Node(-3.0), Node(0.5)
    d = a * b + c.tanh()
    hint = "Each Node knows its own operands; nothing else is needed to find the whole graph."
    same("(a * b + c.tanh()).data", d.data, -6.0 + math.tanh(0.5), hint)
    same("the ops of its parents", [p.op for p in d.parents], ["multiply", "tanh"], hint)
    product, curve = d.parents
    same("the leaves below are a, b", _are(product.parents, [a, b]), True, hint)
    same("and c", _are(curve.parents, [c]), True, hint)


def test_a_loop_leaves_only_its_operations():
    x = Node(2.0)
    y = x
    for _ in range(4):
        y = y * x
    same("x multiplied by itself in a loop, 5 times in all", y.data, 32.0, "Python does the loop.")
    depth = 0
    while y.parents:
        y, depth = y.parents[0], depth + 1
    same("operations from there to the leaf", depth, 4, "Each * makes one Node, no more.")
    same("the leaf is x", y is x, True, "Follow parents[0] from the result.")


def _are(nodes, expected):
    return len(nodes) == len(expected) and all(f is e for f, e in zip(nodes, expected, strict=True))


def _leaf(node):
    return node.data, node.parents
