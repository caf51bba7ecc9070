"""How far an apply is: what a terminal shows while it runs."""

from collections.abc import Callable

from attrs import frozen

from portinfra.model.change import Step
from portinfra.model.outcome import Fate


@frozen
class Progress:
    """One moment of an apply."""

    done: int
    """Steps that have ended, well or not."""
    total: int
    calls: int
    """Calls made so far."""
    calls_planned: int
    seconds: float
    """Since the apply began, by the provider's clock."""
    seconds_left: float | None = None
    """An estimate; None while there is no ground for one."""
    step: Step | None = None
    """The step that this moment is about; None when it is about the whole run."""
    fate: Fate | None = None
    """How that step ended; None: it began, or waits."""
    waits: bool = False
    """Whether the provider has accepted that step's calls, and takes its time."""
    message: str = ""
    """One line, without a secret: `starting`, an error, `throttled: slowing down`."""


Listener = Callable[[Progress], None]
