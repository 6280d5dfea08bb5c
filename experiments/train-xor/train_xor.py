"""Train XOR with Values alone: the whole of a training run on one page.

python experiments/train-xor/train_xor.py
"""

import random

import nn
import optim
from minigrad import Value

XOR = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
STEPS = 500


def mean_loss(model: nn.MLP) -> Value:
    """The forward pass: a graph from the model's 33 parameters to one number."""
    losses = [nn.losses.bce(model(inputs)[0], target) for inputs, target in XOR]
    total = losses[0] + losses[1] + losses[2] + losses[3]
    return total / 4


def main() -> None:
    model = nn.MLP(2, [8, 1], activation="tanh", init="glorot", rng=random.Random(0))
    optimizer = optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    print(model)

    for step in range(STEPS):
        loss = mean_loss(model)  # forward: compute the loss and record its graph
        optimizer.zero_grad()  # parameters are used again, so their gradients must be cleared
        loss.backward()  # backward: compute the gradient of every parameter
        optimizer.step()  # update: move each parameter against its gradient
        if step % 50 == 0:
            print(f"step {step:3}  loss {loss:.6f}")
    print(f"step {STEPS}  loss {mean_loss(model):.6f}")

    for inputs, target in XOR:
        probability = model(inputs)[0].sigmoid()
        print(f"{inputs[0]:.0f} xor {inputs[1]:.0f} = {target:.0f}, predicted {probability:.4f}")


if __name__ == "__main__":
    main()
