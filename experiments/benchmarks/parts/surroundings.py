"""What figures depend on besides the code."""

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.turns import Peer, python_version, version

CPUS = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Surroundings:
    """The machine, its load when the measurements began, versions by name, and who is absent.

    `absent` has, by the peer's name, the packages that the interpreter given for it has not.
    """

    processor: str
    cores: int
    machine: str
    system: str
    load: float
    versions: dict[str, str]
    absent: dict[str, list[str]]


def surroundings(setting: Setting) -> Surroundings:
    peers = setting.peers()
    versions = {"Python": platform.python_version(), "numpy": version(sys.executable, "numpy")}
    versions |= {name: _version(peers[name]) for name in ("micrograd", "PyTorch", "JAX")}
    return Surroundings(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        machine=platform.machine(),
        system=platform.system(),
        load=round(os.getloadavg()[0], 2),
        versions={name: package for name, package in versions.items() if package},
        absent={name: peer.missing for name, peer in peers.items() if peer.missing},
    )


def _version(peer: Peer) -> str | None:
    """The version of its first package, and of its Python if that differs from ours."""
    package, python = version(peer.python, peer.packages[0]), python_version(peer.python)
    return package if python == platform.python_version() else package and f"{package} on {python}"


def _processor() -> str:
    """The processor's name from Linux; elsewhere, from Python."""
    lines = CPUS.read_text(encoding="utf-8").splitlines() if CPUS.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()
