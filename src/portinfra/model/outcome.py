"""The result of an apply: how every step ended."""

import re
from typing import Literal

from portinfra.model import convert
from portinfra.model.address import Address, Scope
from portinfra.model.change import Change, Step
from portinfra.value import frozen

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
    """When it ended, in seconds by the provider's clock."""
    changed: bool = False
    """Whether the provider accepted at least one call of the step that changes something."""
    untried: bool = False
    """Whether the refusal of an equal call ended the step before any call of its own."""


@frozen(field_transformer=convert.refuse_text)
class Cause:
    """Steps that failed for one reason: their errors are equal except for the resource that each is about."""

    steps: tuple[StepOutcome, ...]

    @property
    def error(self) -> Exception | None:
        """The error of the first step."""
        return self.steps[0].error

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The resources of all steps, in the order of the steps."""
        return tuple(dict.fromkeys(step.step.address for step in self.steps))

    @property
    def untried_count(self) -> int:
        """How many of the steps made no call, as the first failure showed how they would end."""
        return sum(step.untried for step in self.steps)

    def __str__(self) -> str:
        """Return the first step's error in one line, with its resource and the number of the others."""
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
    """The differences that the verification found after every step was done."""
    unverified: frozenset[str] = frozenset()
    """The zones that did not answer the verification, and that no option leaves out."""
    enforced: int = 0
    """How many resources had their definition applied again, as no read shows whether it is in force."""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The failed steps, grouped by equal errors, in the order of the first step of each group."""
        alike: dict[object, list[StepOutcome]] = {}
        for step in self.steps:
            if step.fate == "failed":
                alike.setdefault(_reason(step), []).append(step)
        return tuple(Cause(tuple(steps)) for steps in alike.values())

    @property
    def succeeded(self) -> bool:
        """Whether every step was done, and the verification found no difference."""
        return not self.drift and not self.unverified and all(step.fate == "done" for step in self.steps)


_NATIVE_ID = re.compile(r"\b[a-z]+-[0-9a-f]{8,17}\b")
"""Ids as EC2 and the simulator write them. A message may name the id of its resource."""


def _reason(step: StepOutcome) -> tuple[object, ...]:
    """Return the reason of a failure. Two steps that failed for the same reason have equal reasons."""
    error = step.error
    if error is None:
        return (step.step,)
    text = str(error.args[0]) if error.args else ""
    text = _NATIVE_ID.sub("…", re.sub(rf"\b{re.escape(step.step.address.name)}\b", "…", text))
    return (type(error), text, getattr(error, "action", ""), step.step.phase, step.step.address.kind)
