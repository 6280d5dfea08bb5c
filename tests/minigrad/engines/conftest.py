"""What tests of several engines share."""

from collections.abc import Iterator

import pytest

from nn.activations import ACTIVATIONS


@pytest.fixture
def own(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an activation of one's own, for this test alone."""
    ACTIVATIONS["own"] = request.param
    yield "own"
    del ACTIVATIONS["own"]
