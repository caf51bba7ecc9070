"""The progress of an apply, which a terminal shows while it runs."""

from collections.abc import Callable

from portinfra.format import duration
from portinfra.model.change import Step
from portinfra.model.outcome import Fate
from portinfra.value import frozen


@frozen
class Awaited:
    """What a call waits for."""

    what: str
    """What it is, in a few words: `web1 to shut down`."""
    then: str
    """What happens when `seconds` have passed: `power off`."""
    seconds: float

    def text(self, waited: float) -> str:
        """Return the text to show after so many seconds."""
        left = max(0.0, self.seconds - waited)
        return f"waiting for {self.what}, {self.then} in {duration(left)}"


@frozen
class Progress:
    """One moment of an apply."""

    done: int
    """How many steps have ended, well or not."""
    total: int
    """How many steps there are; 0: the run waits before its plan is carried out."""
    calls: int
    """How many calls were made so far."""
    calls_planned: int
    seconds: float
    """Seconds since the apply began, by the provider's clock."""
    seconds_left: float | None = None
    """An estimate in seconds; None while it cannot be computed."""
    step: Step | None = None
    """The step that this moment is about; None if it is about the whole run."""
    fate: Fate | None = None
    """How that step ended; None: it began or waits."""
    waits: bool = False
    """Whether the provider has accepted that step's calls and still works on them."""
    waited: float = 0.0
    """Seconds since the wait, or a long call, of that step began. 0: it begins, or no call takes long."""
    limit: float | None = None
    """After how many seconds of waiting the step fails or, without a step, the wait ends at the latest. None:
    it does not wait, or a long call is under way.
    """
    message: str = ""
    """One line without a secret: `starting`, an error, `throttled: slowing down`."""


def wait_text(progress: Progress) -> str:
    """Return the reason of a wait, its time, and the longest time: `starting, for 40 s, at most 20 min`."""
    since = f", for {duration(progress.waited)}" if progress.waited >= 1 else ""
    most = "" if progress.limit is None else f", at most {duration(progress.limit)}"
    return f"{progress.message}{since}{most}"


Listener = Callable[[Progress], None]
