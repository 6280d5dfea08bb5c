"""The best model of a training: the earliest of equals, and the last only while it is the last."""

from types import SimpleNamespace
from typing import Any

from minigrad.runner.best import BestModel


class Parameter:
    def __init__(self, data: list[float]) -> None:
        self.data = data


def followed(*losses: float | None, end: float | None = None) -> tuple[BestModel, Any]:
    """The best model after steps with these validation losses, each of which moves the parameter
    from its number of steps to the next; at the end the loss is `end`, if it is measured.
    """
    parameter = Parameter([0.0])
    trainer = SimpleNamespace(
        step=0,
        engine=SimpleNamespace(parameters=[parameter]),
        validation=None,
        evaluate=lambda _: SimpleNamespace(loss=end),
    )
    settings = SimpleNamespace(keep_best="val_loss", patience=None, log_every=1)
    best = BestModel(SimpleNamespace(train=settings), trainer)  # type: ignore[arg-type]
    for loss in losses:
        go_on(best, trainer, loss)
    if end is not None:
        best.end()
    return best, trainer


def go_on(best: BestModel, trainer: Any, loss: float | None) -> None:
    record = SimpleNamespace(step=trainer.step, val_loss=loss)
    trainer.step += 1
    trainer.engine.parameters[0].data = [float(trainer.step)]
    best.observe(record)


def test_of_equal_losses_the_earliest_is_the_best() -> None:
    best, _ = followed(0.5, 0.3, 0.4, 0.3)
    assert best.chosen == (1, 0.3)
    assert best.parameters == [[1.0]]


def test_the_last_model_is_the_best_only_where_it_is_lower() -> None:
    assert followed(0.5, 0.3, end=0.3)[0].chosen == (1, 0.3)
    best, trainer = followed(0.5, 0.3, end=0.2)
    assert best.chosen == (2, 0.2)
    best.use()
    assert trainer.engine.parameters[0].data == [2.0]


def test_a_training_that_goes_on_has_another_last_model() -> None:
    best, trainer = followed(0.5, 0.3, end=0.2)
    go_on(best, trainer, None)
    assert best.chosen == (1, 0.3)
    best.use()
    assert trainer.engine.parameters[0].data == [1.0]


def test_what_is_used_is_a_copy_and_the_best_stays_as_it_was() -> None:
    best, trainer = followed(0.5, 0.3, 0.4)
    best.use()
    trainer.engine.parameters[0].data[0] = 7.0
    assert best.parameters == [[1.0]]
