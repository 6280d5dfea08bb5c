import pytest
from judge import attempt, same
from lab3 import Node
from lab4 import is_in_order, topological_order

pytestmark = pytest.mark.lab4


def test_operands_before_results_is_in_order():
    a, b = Node(2.0), Node(3.0)
    p = a * b
    d = p + a
    for nodes in ([], [a], [a, b, p, d], [b, a, p, d]):
        hint = "Leaves have no parents, so nothing must come before them."
        same(f"is_in_order({nodes})", is_in_order(nodes), True, hint)


def test_a_result_before_its_operand_is_not_in_order():
    a, b = Node(2.0), Node(3.0)
    p = a * b
    for nodes in ([p, a, b], [a, p, b], [a, p]):
        hint = "Each parent must be among the nodes that came before: not later, and not missing."
        same(f"is_in_order({nodes})", is_in_order(nodes), False, hint)


def test_a_node_that_comes_twice_is_not_in_order():
    a = Node(2.0)
    hint = "A node that comes twice would pass on its gradient twice."
    same("is_in_order([a, a])", is_in_order([a, a]), False, hint)


def test_a_leaf_stands_alone():
    leaf = Node(1.0)
    same("topological_order(leaf)", topological_order(leaf), [leaf], "Leaves are in the list too.")


def test_every_node_comes_once_and_after_its_operands():
    a, b, c = Node(2.0), Node(-3.0), Node(0.5)
    p, t = a * b, c.tanh()
    d = p + t
    _check("a * b + c.tanh()", topological_order(d), {a, b, c, p, t, d}, d)


def test_a_node_is_not_walked_once_for_each_path():
    nodes = [Node(1.0)]
    for _ in range(14):
        nodes.append(nodes[-1] + nodes[-1])
    hint = "32767 nodes are all the paths. Remember in a set what you have seen, and walk on."
    order = topological_order(nodes[-1])
    same("number of nodes in 14 doublings of a leaf", len(order), 15, hint)
    _check("14 doublings", order, set(nodes), nodes[-1])


def test_a_node_with_several_consumers_comes_before_all_of_them():
    a = Node(1.0)
    b = a + a
    triple = 3 * b
    c = b + triple
    _check(
        "b + 3 * b, with b = a + a", topological_order(c), {a, b, triple.parents[0], triple, c}, c
    )


def test_the_second_operand_may_lead_to_the_first():
    a = Node(1.0)
    b = a.exp()
    c = b.tanh()
    d = a * c  # a is under c too
    _check("a * a.exp().tanh()", topological_order(d), {a, b, c, d}, d)


def test_a_graph_may_be_deeper_than_python_can_call():
    total = Node(0.0)
    for _ in range(5000):
        total = total + 1.0
    hint = "Python allows about 1000 calls within each other. Keep a to-do list of your own."
    count = attempt(lambda: len(topological_order(total)))
    same("number of nodes in a sum of 5000 terms", count, 10001, hint)


def _check(what, order, nodes, root):
    hint = "Every node under the root, once: leaves, inner nodes, the root itself."
    same(f"number of nodes under {what}", len(order), len(nodes), hint)
    same("each of them is in the list", set(order) == nodes, True, hint)
    hint = "Put a node into the list when all of its parents are in, not when you first meet it."
    late = [node for i, node in enumerate(order) if any(p in order[i:] for p in node.parents)]
    same("nodes that stand before one of their operands", late, [], hint)
    same("the root is last", order[-1] is root, True, hint)
