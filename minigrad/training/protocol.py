"""What a runner needs of a trainer, which trains one seed or many at once."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from minigrad.data import Dataset
from minigrad.engines import Outputs
from minigrad.training.batches import Batches
from minigrad.training.plan import EVERY_STEP, Plan
from minigrad.training.trainer import Evaluation

if TYPE_CHECKING:
    from minigrad.training.seed_table import SeedTable  # which imports numpy


class StepMetrics(Protocol):
    """One step's numbers: a dataclass whose fields are logged under their names."""

    @property
    def step(self) -> int: ...

    @property
    def loss(self) -> float: ...


class TrainerLike(Protocol):
    """`Trainer` for one seed, `ReplicaTrainer` for many. Data and batches of many seeds are those
    of the first one.
    """

    step: int
    seconds: float
    failures: dict[int, str]
    """Why a seed diverged, by its place among the seeds; one seed raises Diverged instead."""

    description: Mapping[str, Any] | None
    """What the states say of the model, under "model"."""

    @property
    def batches(self) -> Batches: ...

    @property
    def dataset(self) -> Dataset: ...

    @property
    def validation(self) -> Dataset | None: ...

    @property
    def agreement(self) -> Any:
        """The deviation of the engine's first step from eager; None if there is none to give."""

    @property
    def predict(self) -> Callable[[list[list[float]]], Outputs] | None:
        """The model's outputs for some inputs; None for many models."""

    def train(self, steps: int, plan: Plan = EVERY_STEP) -> Iterator[StepMetrics]:
        """Train until `steps` steps are done, giving records as the plan says. Other steps than
        the record's may be done already, whose records follow: `step` tells.
        """

    def evaluate(self) -> Evaluation: ...

    def results(self, initial_loss: float) -> dict[str, Any]: ...

    def table(self) -> "SeedTable | None":
        """Each seed's numbers; None for one seed."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...

    def files(self) -> dict[str, bytes]: ...

    def load_files(self, files: Mapping[str, bytes]) -> None: ...
