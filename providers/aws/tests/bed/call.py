"""One request to EC2, understood, and the rules that it meets on its way.

A rule is a function of one file in `rules/`. `before` refuses what EC2 refuses and moto does not; `instead`
does what moto does too simply; `after` adds what moto leaves out. Each says in a comment what EC2 documents.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define

from bed.official import Operation

if TYPE_CHECKING:
    from bed.region import Region


@define
class Call:
    """A valid request."""

    operation: Operation
    params: dict[str, Any]
    account: str
    region: str
    there: "Region"
    """The account's books in the region."""

    @property
    def action(self) -> str:
        """`CreateSubnet`."""
        return self.operation.name

    @property
    def backend(self) -> Any:
        """moto's books of this account in this region."""
        return self.there.backend

    @property
    def now(self) -> float:
        """Seconds since the epoch, by the bed's clock."""
        return self.there.clock.now()


Before = Callable[[Call], None]
Instead = Callable[[Call], Any]
After = Callable[[Call, Any], None]
Rule = TypeVar("Rule", bound=Callable[..., Any])

BEFORE: dict[str, list[Before]] = defaultdict(list)
INSTEAD: dict[str, Instead] = {}
AFTER: dict[str, list[After]] = defaultdict(list)
SHOWN: dict[str, list[After]] = defaultdict(list)


def before(*actions: str) -> Callable[[Rule], Rule]:
    """A rule that may raise EC2Error before anything is done; with no action, before every one."""
    return _listed(BEFORE, actions)


def after(*actions: str) -> Callable[[Rule], Rule]:
    """A rule that is given moto's result, its own objects, once it is done."""
    return _listed(AFTER, actions)


def shown(*actions: str) -> Callable[[Rule], Rule]:
    """A rule that may change the plain answer, before filters look at it."""
    return _listed(SHOWN, actions)


def instead(action: str) -> Callable[[Rule], Rule]:
    """A rule that does the action in moto's place and gives its result."""

    def register(rule: Rule) -> Rule:
        INSTEAD[action] = rule
        return rule

    return register


def _listed(rules: dict[str, list[Any]], actions: tuple[str, ...]) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for action in actions or ("",):
            rules[action].append(rule)
        return rule

    return register
