"""How far an apply is: what a terminal shows while it runs."""

from collections.abc import Callable

from attrs import frozen

from portinfra.format import duration
from portinfra.model.change import Step
from portinfra.model.outcome import Fate


@frozen
class Awaited:
    """What a call waits for while it is made."""

    what: str
    """In a few words: `web1 to shut down`."""
    then: str
    """What happens when `seconds` are over: `power off`."""
    seconds: float

    def text(self, waited: float) -> str:
        """Return what to tell after so many seconds."""
        left = max(0.0, self.seconds - waited)
        return f"waiting for {self.what}, {self.then} in {duration(left)}"


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
    waited: float = 0.0
    """Seconds since a call of that step began that takes long; 0: none does."""
    message: str = ""
    """One line, without a secret: `starting`, an error, `throttled: slowing down`."""


Listener = Callable[[Progress], None]
