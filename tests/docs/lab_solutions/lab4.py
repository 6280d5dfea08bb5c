# mypy: ignore-errors
"""Lab 4, solved."""


def is_in_order(nodes):
    seen = set()
    for node in nodes:
        if node in seen or any(parent not in seen for parent in node.parents):
            return False
        seen.add(node)
    return True


def topological_order(root):
    order, seen = [], set()
    stack = [(root, False)]
    while stack:
        node, is_done_below = stack.pop()
        if is_done_below:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            for parent in node.parents:
                stack.append((parent, False))
    return order
