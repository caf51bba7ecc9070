"""What happens to one resource, and the steps that do it."""

from typing import Any, Literal, NamedTuple

from attrs import frozen

from portinfra.model import convert
from portinfra.model.address import Address
from portinfra.model.resources import Spec

Action = Literal["create", "update", "replace", "delete", "keep"]
"""`keep`: it should go or be replaced, but it holds data and no option allows its loss."""

Phase = Literal["remove", "tighten", "converge", "ready"]
"""`tighten`: firewall rules close what is unwanted, before other firewall rules open what is new. `ready`: a
host says that it is ready.
"""


@frozen
class Difference:
    """One attribute of one resource, before and after."""

    field: str
    before: Any
    after: Any


@frozen(field_transformer=convert.refuse_text)
class Change:
    """What happens to one resource, and why."""

    action: Action
    address: Address
    reason: str
    before: Spec | None = None
    after: Spec | None = None
    differences: tuple[Difference, ...] = ()
    interrupts: bool = False
    """Whether the host is down for a moment."""
    renamed_from: Address | None = None


class Step(NamedTuple):
    """The unit of execution: bring one resource to where it should be, or take it away."""

    phase: Phase
    address: Address
