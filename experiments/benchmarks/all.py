"""How fast is it, beside micrograd, PyTorch and JAX? All benchmarks, one table, in ten minutes.

    pip install torch micrograd==0.1.0 jax
    python experiments/benchmarks/all.py [--torch-python PYTHON] [--jax-python PYTHON]
                                         [--base TREE] [--out DIR] [--readme] [--quick]

Runs what the other scripts here run alone (eager_step.py and native.py's first table are within
lifted.py) and prints one table with medians, ratios and bounds. Writes it to DIR, or else beside
this file, as results.json and results.md; with --readme, between the markers of both README.md too.
--torch-python names an interpreter that has torch, matplotlib and micrograd, --jax-python one that
has jax, if this one has not; absent ones are reported. With --base, what against.py measures beside
another checkout is in the table too. --quick is a test run of seconds: its figures mean nothing,
and are written nowhere but to a DIR. Exit codes: 0 all bounds hold, 1 one is missed.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts import readme, report
from experiments.benchmarks.parts.command_line import (
    Measure,
    add_base,
    collect,
    exit_code,
    options,
    setting,
)
from experiments.benchmarks.parts.findings import Findings
from experiments.benchmarks.parts.rows import Section
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.turns import ROOT

HERE = Path(__file__).resolve().parent


def measures(base: Path | None = None) -> list[Measure]:
    from experiments.benchmarks import (
        graph_depth,
        lifted,
        tracking_cost,
        whole_command,
        xor_seeds,
    )
    from experiments.benchmarks.parts import earlier, machine

    beside_base = [earlier.measure_steps, earlier.measure_commands] if base else []
    return [
        *lifted.measures(),
        *(machine.measure_limit, machine.measure_optimizers, whole_command.measure),
        *(tracking_cost.measure, sweep, xor_seeds.measure, graph_depth.measure),
        *beside_base,
    ]


def sweep(setting: Setting) -> Section:
    from experiments.benchmarks import sweep_pool

    return sweep_pool.measure(setting)


def save(findings: Findings, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    findings.save(out / "results.json")
    (out / "results.md").write_text(f"# Results\n\n{report.markdown(findings)}\n", encoding="utf-8")


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--out", metavar="DIR", type=Path, help="for results.json and results.md")
    parser.add_argument("--readme", action="store_true", help="put the tables into README.md too")
    add_base(parser)
    arguments = parser.parse_args()
    if arguments.quick and arguments.readme:
        parser.error("--readme wants figures that mean something: leave out --quick")
    findings = collect(setting(parser, arguments), lambda: measures(arguments.base))
    print(report.text(findings))
    if arguments.out or not arguments.quick:
        save(findings, arguments.out or HERE)
    if arguments.readme:
        readme.put(HERE / "README.md", report.markdown(findings))
        readme.put(ROOT / "README.md", report.short(findings))
    return exit_code(findings)


if __name__ == "__main__":
    sys.exit(main())
