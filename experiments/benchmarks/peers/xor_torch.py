"""configs/xor.yaml as one would write it in PyTorch: same network, steps, log and picture.

python experiments/benchmarks/peers/xor_torch.py OUTPUT_DIRECTORY
"""

import json
import sys
from pathlib import Path

import matplotlib
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

out = Path(sys.argv[1])
inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
targets = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)

losses = []
with (out / "metrics.jsonl").open("w") as metrics:
    for step in range(500):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        metrics.write(json.dumps({"step": step, "loss": losses[-1]}) + "\n")
        metrics.flush()
print(f"loss {losses[0]:.4g} -> {losses[-1]:.4g}")

plt.semilogy(losses)
plt.axhline(0.001, linestyle="--")
plt.xlabel("step")
plt.ylabel("loss")
plt.savefig(out / "loss.png", dpi=144)
