# mypy: ignore-errors
"""Lab 9, solved."""


def broadcast_shape(a, b):
    axes = max(len(a), len(b))
    pairs = zip((1,) * (axes - len(a)) + a, (1,) * (axes - len(b)) + b, strict=True)
    lengths = []
    for m, n in pairs:
        if m != n and 1 not in (m, n):
            raise ValueError(f"{a} and {b} do not broadcast")
        lengths.append(n if m == 1 else m)
    return tuple(lengths)


def unbroadcast(grad, shape):
    new = grad.ndim - len(shape)
    stretched = [new + axis for axis, length in enumerate(shape) if length == 1]
    return grad.sum(axis=(*range(new), *stretched)).reshape(shape)


def multiply_backward(a, b, grad):
    return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)
