"""The pictures of one run: its loss curve and, where there are two inputs, what it has learned."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigrad.config import Config, ConfigError
from minigrad.config import load as load_config
from minigrad.data import Dataset
from minigrad.runner import build, ending
from minigrad.runner.session import Session
from minigrad.terminal.text import counted
from minigrad.tracking import checkpoint, layout
from minigrad.tracking.check import picture_fault, read_test
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import StoredRun, StoreError, load
from minigrad.training.protocol import TrainerLike
from nn.losses import TASKS

if TYPE_CHECKING:
    from minigrad.training.seed_table import SeedTable


def draw(session: Session) -> Iterator[Path]:
    """Draw the pictures of the session's run and yield the path of each. Raises OSError."""
    steps, losses = load(session.run.path).series("loss")
    if not steps:
        return
    if table := session.trainer.table():
        yield _draw_seeds(session, table, steps[-1] + 1)
    else:
        # the curve last: where it is there, so are the others, whatever came between
        try:
            others = [*_draw_fit(session), *_draw_plane(session), *_draw_confusion(session)]
        except Exception:
            if session.config.plugins:  # an error of one, of which the curve asks nothing
                _draw_loss(session, steps, losses)
            raise
        yield _draw_loss(session, steps, losses)
        yield from others


def lost_pictures(run: StoredRun) -> list[str]:
    """The state of an ended run's pictures, for example that one is missing."""
    if run.alive is not False:
        return []
    expected = [layout.LOSS_PICTURE]
    if os.path.lexists(run.path / layout.SNAPSHOTS_PICTURE):
        expected.append(layout.SNAPSHOTS_PICTURE)
    if os.path.lexists(run.path / layout.BOUNDARY_PICTURE) or _has_plane(run):
        expected.append(layout.BOUNDARY_PICTURE)
    if "confusion" in _test(run):
        expected.append(layout.CONFUSION_PICTURE)
    if os.path.lexists(run.path / layout.FIT_PICTURE) or _has_curve(run):
        expected.append(layout.FIT_PICTURE)
    return [fault for name in expected if (fault := picture_fault(run.path, name))]


def _has_plane(run: StoredRun) -> bool:
    trainer = _rebuilt(run)
    return trainer is not None and bool(trainer.predict) and trainer.dataset.n_features == 2


def _has_curve(run: StoredRun) -> bool:
    trainer = _rebuilt(run)
    if trainer is None or trainer.predict is None:
        return False
    return _is_curve(trainer.dataset, str(run.config.get("loss")))


def _rebuilt(run: StoredRun) -> TrainerLike | None:
    try:
        if run.config.get("plugins"):  # plugins are not run for a picture
            return None
        return build.trainer_for(load_config(run.path / layout.CONFIG))
    except (StoreError, ConfigError):
        return None


def redraw(run: StoredRun) -> list[Path]:
    """Draw a stored run's pictures again, from its config and its checkpoint.

    Raises StoreError where it cannot be done, as where that would run a plugin, CheckpointError,
    ConfigError and OSError.
    """
    run.check_own()
    if plugins := run.config.get("plugins"):
        raise StoreError(f"{run.id}: to draw its pictures would run its plugins, {plugins}")
    config = load_config(run.path / layout.CONFIG)
    trainer = build.trainer_for(config)
    initial_loss = trainer.evaluate().loss
    state = checkpoint.read(run.path / layout.CHECKPOINT)
    trainer.load_state_dict(state)
    if best := ending.best_model(config, trainer, state):
        best.use()
    trainer.load_files({name: read_file(run.path, name) for name in trainer.files()})
    trainer.results(initial_loss)  # each seed's final numbers
    # of the run, drawing asks for what both kinds have: path, facts and summary
    return list(draw(Session(config, trainer, run, quiet=True)))  # type: ignore[arg-type]


# matplotlib takes longer to import than XOR to train: each imports what it draws with.


def _draw_loss(session: Session, steps: Sequence[int], losses: Sequence[float]) -> Path:
    from minigrad.plot.curves import Curve, draw_loss

    config, path = session.config, session.run.path / layout.LOSS_PICTURE
    summary = session.run.summary
    first, last = summary.get("initial_loss", losses[0]), summary.get("final_loss", losses[-1])
    # of the same file again, since most runs have no validation
    val = load(session.run.path).series("val_loss") if session.trainer.validation else None
    if val and summary.get("best_step") == steps[-1] + 1:  # of the last update, in no logged line
        val = [*val[0], steps[-1] + 1], [*val[1], summary["val_loss"]]
    progress = f"{first:.3g} to {last:.3g} in {counted(steps[-1] + 1, 'step')}"
    draw_loss(
        path,
        steps,
        losses,
        loss_name=_loss_name(session),
        title=f"{config.name}: {progress}{_ended(session)}",
        subtitle=_subtitle(session),
        final_loss_below=config.expect.final_loss_below,
        noisy=not session.trainer.batches.whole,
        validation=Curve("validation", *val) if val and val[0] else None,
        best_step=summary.get("best_step"),
    )
    return path


def _draw_seeds(session: Session, table: "SeedTable", steps: int) -> Path:
    from minigrad.plot.curves import draw_band
    from minigrad.training.seed_table import worst_of

    config, path = session.config, session.run.path / layout.LOSS_PICTURE
    lost = len(session.trainer.failures)
    count = counted(len(table.seeds), "seed") + (f", {lost:,} diverged" if lost else "")
    draw_band(
        path,
        table.steps,
        table.loss,
        seeds=table.seeds.tolist(),
        worst=worst_of(table.final_loss),
        band=None if len(table.loss) == len(table.steps) else table.band(),
        loss_name=_loss_name(session),
        title=f"{config.name}: {count}, {counted(steps, 'step')}{_ended(session)}",
        subtitle=_subtitle(session),
        final_loss_below=config.expect.final_loss_below,
    )
    return path


def _draw_fit(session: Session) -> Iterator[Path]:
    """With one input and a number to predict: the model's curve through the data."""
    trainer, config = session.trainer, session.config
    if trainer.predict is None or not _is_curve(trainer.dataset, config.loss):
        return
    from minigrad.plot.fit import draw_fit

    path = session.run.path / layout.FIT_PICTURE
    draw_fit(
        path,
        trainer.predict,
        trainer.dataset,
        trainer.validation,
        title=f"{config.name}: after {counted(trainer.step, 'step')}{_ended(session)}",
        subtitle=_model(config),
    )
    yield path


def _is_curve(dataset: Dataset, loss: str) -> bool:
    return dataset.n_features == 1 and TASKS.get(loss) is None and loss != "bce"


def _draw_plane(session: Session) -> Iterator[Path]:
    """With two inputs: the model's outputs over the plane, at the end and during training."""
    from minigrad.plot.boundary import draw_boundary, draw_snapshots
    from minigrad.plot.surface import evaluate_surface

    trainer = session.trainer
    if trainer.dataset.n_features != 2 or trainer.predict is None:
        return
    config, directory = session.config, session.run.path
    predicted = evaluate_surface(
        trainer.predict, trainer.dataset, trainer.validation, loss=config.loss
    )
    draw_boundary(
        directory / layout.BOUNDARY_PICTURE,
        predicted,
        trainer.dataset,
        trainer.validation,
        title=f"{config.name}: after {counted(trainer.step, 'step')}{_ended(session)}",
        subtitle=_model(config),
    )
    yield directory / layout.BOUNDARY_PICTURE
    if session.snapshots:
        title = f"{config.name}: how it came to be"
        path = directory / layout.SNAPSHOTS_PICTURE
        draw_snapshots(path, session.snapshots, trainer.dataset, title=title)
        yield path


def _draw_confusion(session: Session) -> Iterator[Path]:
    """With classes and a test part: what each class's rows were taken for."""
    test = _test(load(session.run.path))
    if "confusion" not in test:
        return
    from minigrad.plot.confusion import draw_confusion

    path, rows = session.run.path / layout.CONFUSION_PICTURE, counted(test["rows"], "test row")
    title = f"{session.config.name}: {test['accuracy']:.1%} of {rows} right"
    draw_confusion(
        path, test["confusion"], test["classes"], title=title, subtitle=_subtitle(session)
    )
    yield path


def _test(run: StoredRun) -> dict[str, Any]:
    """What test.json holds; nothing where there is none, or a damaged one."""
    try:
        return read_test(run)
    except StoreError:
        return {}


def _model(config: Config) -> str:
    return f"hidden {config.model.hidden} {config.model.activation} {config.model.init}"


def _subtitle(session: Session) -> str:
    optimizer = session.config.optimizer
    settings = f"{optimizer.name} {optimizer.changed()}"
    return f"{_model(session.config)}   {settings}   {session.run.path.name}"


def _loss_name(session: Session) -> str:
    loss = session.config.loss
    return loss if session.trainer.batches.whole else f"mini-batch {loss}"


def _ended(session: Session) -> str:
    status = session.run.facts.status
    return "" if status == "finished" else f" ({status})"
