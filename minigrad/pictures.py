"""The pictures of one run: its loss curve and, where there are two inputs, what it has learned."""

from collections.abc import Iterator
from pathlib import Path

from minigrad.config import Config
from minigrad.session import Session
from minigrad.tracking.store import load
from minigrad.trainer import Trainer


def draw(session: Session) -> Iterator[Path]:
    """Draw what the session's run has to show, giving each picture's path. Raises OSError."""
    # here, since matplotlib takes longer to import than XOR to train
    from minigrad.boundary import draw_boundary, draw_snapshots, surface
    from minigrad.plot import draw_band, draw_loss

    config, trainer, directory = session.config, session.trainer, session.run.path
    steps, losses = load(directory).series("loss")
    if not steps:
        return
    ended = _ended(session)
    model = f"hidden {config.model.hidden} {config.model.activation} {config.model.init}"
    subtitle = f"{model}   {config.optimizer.name} {config.optimizer.changed()}   {directory.name}"
    if not isinstance(trainer, Trainer):
        from minigrad.seed_table import worst_of

        table, lost = trainer.table(), len(trainer.failures)
        first = trainer.replicas[0]
        whole = first.batches.size >= len(first.dataset.inputs)
        told = f"{len(table.seeds):,} seeds" + (f", {lost:,} diverged" if lost else "")
        draw_band(
            directory / "loss.png",
            table.steps,
            table.loss,
            seeds=table.seeds.tolist(),
            worst=worst_of(table.final_loss),
            loss_name=_loss_name(config, whole),
            title=f"{config.name}: {told}, {steps[-1] + 1} steps{ended}",
            subtitle=subtitle,
            final_loss_below=config.expect.final_loss_below,
        )
        yield directory / "loss.png"
        return
    summary = session.run.summary
    first, last = summary.get("initial_loss", losses[0]), summary.get("final_loss", losses[-1])
    whole = trainer.batches.size >= len(trainer.dataset.inputs)
    draw_loss(
        directory / "loss.png",
        steps,
        losses,
        loss_name=_loss_name(config, whole),
        title=f"{config.name}: {first:.3g} to {last:.3g} in {steps[-1] + 1} steps{ended}",
        subtitle=subtitle,
        final_loss_below=config.expect.final_loss_below,
    )
    yield directory / "loss.png"
    if trainer.dataset.n_features != 2:
        return
    found = surface(trainer.engine.predict, trainer.dataset, trainer.validation, loss=config.loss)
    draw_boundary(
        directory / "boundary.png",
        found,
        trainer.dataset,
        trainer.validation,
        title=f"{config.name}: after {trainer.step} steps{ended}",
        subtitle=model,
    )
    yield directory / "boundary.png"
    if session.snapshots:
        title = f"{config.name}: how it came to be"
        path = directory / "snapshots.png"
        draw_snapshots(path, session.snapshots, trainer.dataset, title=title)
        yield path


def _loss_name(config: Config, whole: bool) -> str:
    return config.loss if whole else f"mini-batch {config.loss}"


def _ended(session: Session) -> str:
    status = session.run.facts["status"]
    return "" if status == "finished" else f" ({status})"
