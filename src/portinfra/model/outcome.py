"""What an apply did: the fate of every step."""

import re
from typing import Literal

from attrs import frozen

from portinfra.model import convert
from portinfra.model.address import Address, Scope
from portinfra.model.change import Change, Step

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
    changed: bool = False
    """Whether the provider accepted at least one call of the step that changes something."""
    untried: bool = False
    """Whether the refusal of an equal call ended the step before any call of its own."""


@frozen(field_transformer=convert.refuse_text)
class Cause:
    """Steps that failed for one reason: their errors are equal but for the resource that each is about."""

    steps: tuple[StepOutcome, ...]

    @property
    def error(self) -> Exception | None:
        """The error of the first step."""
        return self.steps[0].error

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The resources of all steps, the first first."""
        return tuple(dict.fromkeys(step.step.address for step in self.steps))

    @property
    def untried_count(self) -> int:
        """How many of the steps were not tried: the first failure said how they would end."""
        return sum(step.untried for step in self.steps)

    def __str__(self) -> str:
        """The first step's error in one line, with its resource and the number of the others."""
        address = self.steps[0].step.address
        text = str(self.error or "it failed").partition("\n")[0]
        text = text if text.startswith(address) else f"{address}: {text}"
        others = len(self.steps) - 1
        return f"{text} (and {others} more like it)" if others else text


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
    enforced: int = 0
    """Of how many resources the definition was put in force again, as no read tells whether it was."""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The failed steps, those with equal errors together, in the order of the first of each."""
        alike: dict[object, list[StepOutcome]] = {}
        for step in self.steps:
            if step.fate == "failed":
                alike.setdefault(_reason(step), []).append(step)
        return tuple(Cause(tuple(steps)) for steps in alike.values())

    @property
    def succeeded(self) -> bool:
        """Whether every step was done, and a fresh look at everything found nothing different."""
        return not self.drift and not self.unverified and all(step.fate == "done" for step in self.steps)


_NATIVE_ID = re.compile(r"\b[a-z]+-[0-9a-f]{8,17}\b")
"""Ids as EC2 and the simulator give them; a message may name the one that it is about."""


def _reason(step: StepOutcome) -> tuple[object, ...]:
    """Return what two steps have in common that failed for one reason."""
    error = step.error
    if error is None:
        return (step.step,)
    text = str(error.args[0]) if error.args else ""
    text = _NATIVE_ID.sub("…", re.sub(rf"\b{re.escape(step.step.address.name)}\b", "…", text))
    return (type(error), text, getattr(error, "action", ""), step.step.phase, step.step.address.kind)
