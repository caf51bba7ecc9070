"""What an apply did: the fate of every step."""

from typing import Literal

from attrs import frozen

from portinfra.model import convert
from portinfra.model.address import Scope
from portinfra.model.plan import Change, Step

Fate = Literal["done", "failed", "blocked"]
"""`blocked`: something that it needs failed."""


@frozen
class StepOutcome:
    """How one step ended."""

    step: Step
    fate: Fate
    error: Exception | None = None
    calls: int = 0
    started: float = 0.0
    ended: float = 0.0
    """Seconds by the provider's clock."""


@frozen(field_transformer=convert.refuse_text)
class Outcome:
    """How an apply ended."""

    scope: Scope
    attempt: str
    steps: tuple[StepOutcome, ...] = ()
    calls: int = 0
    seconds: float = 0.0
    drift: tuple[Change, ...] = ()
    """What a fresh look still found different, after every step was done."""
    unverified: frozenset[str] = frozenset()
    """The zones that did not answer that look, though nobody said to work without them."""

    @property
    def succeeded(self) -> bool:
        """Whether every step was done, and a fresh look at everything found nothing different."""
        return not self.drift and not self.unverified and all(step.fate == "done" for step in self.steps)
