"""Chains of + and - become sums, and weights times inputs among their terms become dot products.

A neuron is written as bias + w0 * x0 + w1 * x1 + ...: a chain of two-operand nodes. Here it becomes
one node, the dot product of parameters with inputs. Nothing is computed in another way than before
except for the order in which a sum's terms are added.
"""

from minigrad.lift.tracing import Node, Trace

_SUM_LIKE = {"+", "-", "neg"}


class Sum(Node):
    """Of all operands, the first `plus` added and the others subtracted."""

    __slots__ = ("plus",)

    def __init__(self, plus: list[Node], minus: list[Node]) -> None:
        super().__init__("sum", (*plus, *minus))
        self.plus = len(plus)


class Dot(Node):
    """Of the operands with the parameters whose indices `weights` lists; if there is one weight
    more than operands, the last is the bias.
    """

    __slots__ = ("weights",)

    def __init__(self, operands: list[Node], weights: list[int]) -> None:
        super().__init__("dot", tuple(operands))
        self.has_slope = True
        self.weights = weights

    @property
    def has_bias(self) -> bool:
        return len(self.weights) > len(self.operands)


def find_sums(trace: Trace) -> tuple[Node, list[Node], list[Node]]:
    """The trace's loss, outputs and operations, with sums and dots in place of + and -."""
    absorbed = _absorbed(trace)
    replaced: dict[Node, Node] = {}
    order: dict[Node, None] = {}
    for node in trace.order:
        if node in absorbed:
            continue
        node.operands = tuple([replaced.get(operand, operand) for operand in node.operands])
        if node.op in ("+", "-"):
            terms = _terms(node, absorbed, replaced)
            products = _products(terms)
            for product in products:
                del order[product]
            made = _as_sum(terms, products)
            replaced[node] = made[-1]
            order |= dict.fromkeys(made)
        else:
            order[node] = None
    loss, *outputs = [replaced.get(root, root) for root in (trace.loss, *trace.outputs)]
    if not loss.operands:  # an input or a parameter itself: it takes an operation to have a row
        loss = Sum([loss], [])
        order[loss] = None
    return loss, outputs, list(order)


def _absorbed(trace: Trace) -> set[Node]:
    """The nodes that are read once, by a sum, and are themselves sums or a weight's products."""
    absorbed: set[Node] = set()
    for node in reversed(trace.order):
        if node.op in ("+", "-") or (node.op == "neg" and node in absorbed):
            for operand in node.operands:
                if operand.uses == 1 and operand.op in _SUM_LIKE:
                    absorbed.add(operand)
    return absorbed


def _as_sum(terms: list[tuple[bool, Node]], products: dict[Node, tuple[Node, Node]]) -> list[Node]:
    """The nodes that compute a chain of + and -: a dot, a sum, or a dot and then a sum."""
    bias: list[Node] = []
    plus: list[Node] = []
    minus: list[Node] = []
    for positive, term in terms:
        if positive and products and term.op == "parameter" and not bias:
            bias.append(term)
        elif not positive or term not in products:
            (plus if positive else minus).append(term)
    if not products:
        return [Sum(plus, minus)]
    weights = [weight.index for weight, _ in products.values()]
    dot = Dot([x for _, x in products.values()], weights + [one.index for one in bias])
    return [dot, Sum([dot, *plus], minus)] if plus or minus else [dot]


def _products(terms: list[tuple[bool, Node]]) -> dict[Node, tuple[Node, Node]]:
    """The terms that are read here alone and are a parameter times an input, with these two."""
    products = {}
    for positive, node in terms:
        if positive and node.op == "*" and node.uses == 1:
            a, b = node.operands
            if a.op == "parameter" and b.per_sample:
                products[node] = a, b
            elif b.op == "parameter" and a.per_sample:
                products[node] = b, a
    return products


def _terms(root: Node, absorbed: set[Node], replaced: dict[Node, Node]) -> list[tuple[bool, Node]]:
    """Each term of the chain below `root`, from left to right, and whether it is added."""
    terms, stack = [], [(True, root)]
    while stack:
        positive, node = stack.pop()
        if node is not root and node not in absorbed:
            terms.append((positive, replaced.get(node, node)))
        elif node.op == "neg":
            stack.append((not positive, node.operands[0]))
        else:
            left, right = node.operands
            stack.append((positive if node.op == "+" else not positive, right))
            stack.append((positive, left))
    return terms
