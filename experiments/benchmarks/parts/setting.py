"""Where the peers are, and for how long to measure."""

import sys
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.peers.turns import Peer


@dataclass(frozen=True)
class Setting:
    """Interpreters of the peers; rounds by the command line, or so few that figures mean nothing.

    `torch_python` has torch, micrograd and, for the whole command, matplotlib. `base` is another
    checkout of minigrad.
    """

    torch_python: str = sys.executable
    jax_python: str = sys.executable
    quick: bool = False
    count: int | None = None
    base: Path | None = None

    def rounds(self, usual: int, quick: int = 1) -> int:
        return self.count or (quick if self.quick else usual)

    def peers(self) -> dict[str, Peer]:
        """The peers by their names in the table."""
        every_peer = [
            Peer("native", "native_steps"),
            Peer("numpy", "lifted"),
            Peer("Tensor", "tensors"),
            Peer("eager", "eager"),
            Peer("JAX scan", "jax_jit", self.jax_python, ("jax",)),
            Peer("JAX", "jax_jit", self.jax_python, ("jax",)),
            Peer("torch.compile", "torch_compiled", self.torch_python, ("torch",)),
            Peer("PyTorch", "torch_eager", self.torch_python, ("torch",)),
            Peer("micrograd", "micrograd_values", self.torch_python, ("micrograd",)),
            Peer("PyTorch script", "xor_torch", self.torch_python, ("torch", "matplotlib")),
        ]
        return {peer.name: peer for peer in every_peer}
