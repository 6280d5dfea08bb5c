# mypy: ignore-errors
"""Lab 11, solved."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(p, grad):
    return p * (grad - (grad * p).sum(axis=1, keepdims=True))


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    return log_total - shifted[np.arange(len(logits)), labels]


def cross_entropy_backward(logits, labels, grad):
    difference = softmax(logits)
    difference[np.arange(len(logits)), labels] -= 1
    return difference * grad[:, None]
