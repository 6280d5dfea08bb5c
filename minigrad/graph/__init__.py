"""The computation graph made visible: text, DOT, a picture, and backward() step by step.

`python -m minigrad.graph CONFIG` draws the loss of one sample of a configured model.
"""

from minigrad.graph.dot import draw, to_dot
from minigrad.graph.stepper_page import page
from minigrad.graph.stepping import BackwardStep, steps
from minigrad.graph.svg import to_svg
from minigrad.graph.text import to_text

__all__ = ["BackwardStep", "draw", "page", "steps", "to_dot", "to_svg", "to_text"]
