"""minigrad.sweep.run, and what comes back of it."""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from minigrad import sweep
from minigrad.config import Config, load
from minigrad.sweep.dispatch import results
from minigrad.sweep.pool import Workers

XOR = "configs/xor.yaml"


def configs(*rates: float, extra: Sequence[str] = ()) -> list[Config]:
    return [
        load(XOR, ["model.hidden=[2]", "train.steps=8", f"optimizer.lr={rate}", *extra])
        for rate in rates
    ]


def final_losses(results: list[sweep.Result]) -> list[float]:
    return [result.summary["final_loss"] for result in results]


def test_results_are_in_the_order_of_the_configs_on_any_executor() -> None:
    rates = (0.1, 1.0, 0.5, 0.2, 2.0, 0.3)
    alone = [final_losses(sweep.run(configs(rate), ThreadPoolExecutor(1)))[0] for rate in rates]
    with ThreadPoolExecutor(3) as threads:
        assert final_losses(sweep.run(iter(configs(*rates)), threads)) == alone
    with Workers(2) as workers:
        assert final_losses(sweep.run(configs(*rates), workers)) == alone
    assert final_losses(sweep.run(configs(*rates))) == alone
    assert sweep.run([]) == []


def test_a_result_is_plain_data_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(1) as executor:
        (result,) = sweep.run(configs(1.0), executor)
    assert capfd.readouterr() == ("", "")
    assert pickle.loads(pickle.dumps(result)) == result
    assert result.status == "finished"
    files = {"config.yaml", "metrics.jsonl", "output.log", "checkpoint.json"}
    assert set(result.files) == files
    assert len(result.files["metrics.jsonl"].splitlines()) == 8
    numbers = {n: result.summary[n] for n in ("initial_loss", "final_loss", "final_accuracy")}
    assert result.members == [
        sweep.Member(0, "finished", result.summary["final_loss"], False, None, numbers)
    ]


def test_replicas_have_a_member_a_seed() -> None:
    extra = ["train.engine=numpy", "train.seeds=[3, 1]"]
    with ThreadPoolExecutor(1) as executor:
        (result,) = sweep.run(configs(1.0, extra=extra), executor)
        alone = [sweep.run(configs(1.0, extra=[f"seed={s}"]), executor)[0] for s in (3, 1)]
    assert [member.seed for member in result.members] == [3, 1]
    losses = [member.final_loss for member in result.members]
    assert losses == pytest.approx(final_losses(alone), rel=1e-9)
    assert "seeds.npz" in result.files


def test_of_replicas_that_diverge_each_seed_is_told() -> None:
    extra = ["train.engine=numpy", "train.seeds=2", "loss=mse", "expect={final_loss_below: 1}"]
    with ThreadPoolExecutor(1) as executor:
        (result,) = sweep.run(configs(1e300, extra=extra), executor)
    assert [(m.seed, m.status, m.final_loss, m.met) for m in result.members] == [
        (0, "diverged", None, False),
        (1, "diverged", None, False),
    ]


def test_data_that_are_gone_fail_their_config_alone(tmp_path: Path) -> None:
    data = tmp_path / "d.csv"
    data.write_text("a,b\n0,0\n1,1\n")
    csv = load(XOR, ["data=csv", f"data.path={data}", "data.target=b"])
    data.unlink()
    with ThreadPoolExecutor(1) as executor:
        gone, fine = sweep.run([csv, *configs(1.0)], executor)
    assert (gone.status, fine.status) == ("failed", "finished")
    assert "cannot be read" in str(gone.members[0].error)
    assert b"Traceback" in gone.files["output.log"]


class Dropping(Executor):
    """Takes work and drops it, as a cluster that goes down."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_an_executor_that_drops_its_work_is_lost() -> None:
    with pytest.raises(sweep.Lost):
        sweep.run(configs(1.0), Dropping())


class Refusing(Executor):
    """Cannot do one piece of work, as a cluster whose workers die of it."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("four workers\ndied of it"))
        return future


def test_what_an_executor_cannot_do_has_failed_for_its_reason() -> None:
    (result,) = sweep.run(configs(1.0), Refusing())
    assert (result.status, result.members[0].error) == ("failed", "RuntimeError: four workers")


def test_a_broken_pool_of_the_callers_is_lost() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        with pytest.raises(BrokenExecutor):
            pool.submit(os._exit, 1).result()
        with pytest.raises(sweep.Lost):
            sweep.run(configs(1.0), pool)


def test_a_script_without_its_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from minigrad import config, sweep\n"
        f"sweep.run([config.load({str(Path(XOR).resolve())!r})])\n"
    )
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert result.returncode == 1
    assert "below `if __name__ == '__main__':`" in result.stderr.splitlines()[-1]


RAISING: dict[str, tuple[str, dict[str, Any]]] = {
    "building": (
        "nn.initialisers import INITIALISERS as REGISTRY",
        {"model": {"hidden": [2], "activation": "tanh", "init": "bad"}},
    ),
    "training": ("nn.losses import LOSSES as REGISTRY", {"loss": "bad"}),
}


@pytest.mark.parametrize(
    "error", ["KeyboardInterrupt", "GeneratorExit", "asyncio.CancelledError", "SystemExit"]
)
@pytest.mark.parametrize("when", RAISING)
def test_a_member_that_raises_anything_at_all_is_one_that_failed(
    error: str, when: str, tmp_path: Path
) -> None:
    imported, settings = RAISING[when]
    plugin = tmp_path / "bad.py"
    plugin.write_text(
        f"import asyncio\nfrom {imported}\n@REGISTRY.register\n"
        f"def bad(*_, rng=None):\n    raise {error}('enough')\n"
    )
    good = configs(1.0)[0].model_dump(exclude_none=True)  # the plugin is a worker's affair
    members = [good, {**good, **settings, "plugins": [str(plugin)]}, good]
    with Workers(2) as workers:
        by_index = dict(results(range(3), members.__getitem__, workers))
    statuses = [by_index[index].status for index in range(3)]
    assert statuses == ["finished", "failed", "finished"]
    assert f"{error.rpartition('.')[2]}: enough" in (by_index[1].members[0].error or "")
    assert b"enough" in by_index[1].files["output.log"]
