"""Changes of resources, and the steps that apply them."""

from typing import Any, Literal, NamedTuple

from portinfra.model import convert
from portinfra.model.address import Address
from portinfra.model.resources import Spec
from portinfra.value import frozen

Action = Literal["create", "update", "replace", "delete", "keep"]
"""`keep`: the declaration wants to delete or replace it, but it holds data and no option allows its loss."""

Phase = Literal["remove", "tighten", "converge", "ready"]
"""`tighten`: close firewall rules that are not wanted, before other firewalls open new ones. `ready`: wait
until a host reports that it is ready.
"""


@frozen
class Difference:
    """One attribute of one resource, before and after."""

    field: str
    before: Any
    after: Any


@frozen(field_transformer=convert.refuse_text)
class Change:
    """What changes about one resource, and why."""

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
    """The unit of execution: bring one resource to its wanted state, or delete it."""

    phase: Phase
    address: Address
