"""How a recovery makes its calls, and who is told how far it is."""

from attrs import frozen

from portinfra.execution.run import Run
from portinfra.model.progress import Listener


@frozen
class Pace:
    """How calls are made: so many at once, or one at a time in an order that a seed decides; and who is told
    how far they are.
    """

    workers: int = 8
    seed: int | None = None
    listen: Listener = lambda progress: None
    within: tuple[Run, ...] = ()
    """The runs that wait while data is carried, which may be hours, and hold their claims."""
