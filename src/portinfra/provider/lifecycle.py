"""The life cycle of one resource, once for every provider: which call comes next, and why.

A driver of one kind derives from `LifecycleDriver` and writes four methods: `create`, `update`, `delete`, and
`own` where the owner is not written by the same request as other changes. The hooks `cannot_create`,
`obstacle` and `finish` are for what differs. Everything here is pure, as drivers are.

`next_call` answers with the first line that applies:

| what is seen | what is wanted | answer |
|---|---|---|
| nothing | nothing | DONE |
| nothing | a resource | `cannot_create`, else `create` |
| an `obstacle` | | what the obstacle says; by default Wait while it is being deleted |
| empty doubles | | `delete` the first of them |
| a resource | nothing | Refuse if its name is not its owner's, else `delete` |
| a resource with a fault | a resource | the same |
| something unfinished | a resource | `finish` |
| pending | a resource | Wait |
| another owner, name, tag or protection | a resource | `own` |
| a difference | a resource | `update` |
| no difference | a resource | DONE |
"""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Generic

from attrs import evolve, frozen

from portinfra.model.address import Address
from portinfra.model.observed import Observed, S
from portinfra.model.resources import Attachment
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs, Refuse, Wait

OWNING = ("tags", "protect")
"""Fields of a spec that are written beside the owner."""


@frozen
class Copy(Generic[S]):
    """One native resource that carries an owner of the scope; another may carry the same."""

    seen: Observed[S]
    attempt: str = ""
    """The run that created it, by its owner."""
    used: bool = False
    """Whether something else depends on it."""
    named: bool = True
    """Whether its native name is the one that its owner gives it."""

    @property
    def rank(self) -> tuple[bool, bool, bool, str, str]:
        """Sorts the copy that counts before all others: the one in use, else the first attempt."""
        return (self.is_leaving, not self.named, not self.used, self.attempt, self.seen.id)

    @property
    def is_leaving(self) -> bool:
        """Whether it is being deleted."""
        return self.seen.state == "deleting"


class LifecycleDriver(Driver[S]):
    """The driver of a kind that is created, changed and deleted as one resource."""

    becoming: ClassVar[str] = "being made ready"
    """The reason to wait for a pending resource."""
    leaving: ClassVar[str] = "being deleted"
    """The reason to wait for a resource that is being deleted."""
    waits_for_pending: ClassVar[bool] = False
    """Whether the provider refuses every request about what is pending, even its deletion."""
    name_follows_owner: ClassVar[bool] = True
    """Whether a new owner brings a new native name. If so, `parts["name"]` must agree before a deletion."""
    doubled: ClassVar[bool] = False
    """Whether one run can create it twice: its creation has neither a token nor a unique name."""
    holds_data: ClassVar[bool] = False
    """Whether no double of it is empty."""

    # What a kind writes

    @abstractmethod
    def create(self, want: S, refs: Refs) -> Call:
        """Return the request that creates it. The request itself carries the owner (law 4)."""

    @abstractmethod
    def delete(self, seen: Observed[S]) -> Call:
        """Return the next request of its removal. It needs nothing but `seen.parts`.

        It is also called for an empty double: then `seen.parts` are the parts of the double.
        """

    def update(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Return the next request that brings it closer to `want`. Its `after` must be closer (law 3)."""
        return Refuse(f"{want.address} cannot change in place", "Replace it: --replace " + want.address)

    def own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Return the request that writes owner, name, tags and protection; see `with_owner`.

        By default `update`: for providers where one request changes everything.
        """
        return self.update(want, seen, refs)

    # What a kind may add

    def cannot_create(self, want: S, refs: Refs) -> Refuse | Wait | None:
        """Return why this can never be created as it is wanted, or what its creation has to wait for.

        The plan shows a refusal, before any call.
        """
        return None

    def obstacle(self, seen: Observed[S]) -> Wait | Refuse | None:
        """Return why nothing may be asked of it now, not even its removal.

        Nothing more will come of what has a fault: it may be deleted while it is pending.
        """
        if seen.state == "deleting":
            return Wait(self.leaving)
        if seen.state == "pending" and self.waits_for_pending and not seen.fault:
            return Wait(self.becoming)
        return None

    def finish(self, want: S, seen: Observed[S], refs: Refs) -> NextCall | None:
        """Return what it still needs before it is as every resource of its kind must be.

        It comes before anything else that changes a resource, and also while that is pending.
        """
        return None

    # What is the same for all

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Return the first answer of the table above that applies."""
        if seen is None:
            return DONE if want is None else self.cannot_create(want, refs) or self.create(want, refs)
        if (obstacle := self.obstacle(seen)) is not None:
            return obstacle
        if seen.extras:
            return self._delete_double(seen)
        if want is None or seen.fault:
            return self._refuse_foreign(seen, refs) or self.delete(seen)
        if (unfinished := self.finish(want, seen, refs)) is not None:
            return unfinished
        if seen.state == "pending":
            return Wait(self.becoming)
        if self.renames and self.needs_owner(want, seen, refs):
            return self.own(want, seen, refs)
        return DONE if want == seen.spec else self.update(want, seen, refs)

    def needs_owner(self, want: S, seen: Observed[S], refs: Refs) -> bool:
        """Whether owner, name, tags or protection are not those of `want`."""
        return (
            seen.address != want.address
            or self._has_other_name(seen, refs.name(want))
            or any(getattr(want, name, None) != getattr(seen.spec, name, None) for name in OWNING)
        )

    def keep_one(self, copies: Iterable[Copy[S]]) -> list[Observed[S]]:
        """Return what exists: of each address one copy, with its empty doubles as `extras`.

        A double that is not empty is a second value with the same address: core reports it and touches
        neither. A copy that is being deleted, or that bears another name, counts only while it is alone.
        """
        by_address: dict[Address, list[Copy[S]]] = {}
        for copy in copies:
            by_address.setdefault(copy.seen.address, []).append(copy)
        found = []
        for same in by_address.values():
            first, *others = sorted(same, key=lambda copy: copy.rank)
            doubles = [copy for copy in others if copy.named and not copy.is_leaving]
            empty = [copy for copy in doubles if self.is_empty_double(copy, first)]
            extras = tuple({"id": copy.seen.id} for copy in empty)
            kept = evolve(first.seen, extras=(*first.seen.extras, *extras)) if extras else first.seen
            found.append(kept)
            found += [copy.seen for copy in doubles if copy not in empty]
        return found

    def is_empty_double(self, double: Copy[S], first: Copy[S]) -> bool:
        """Whether an attempt of ours explains a double, and nothing depends on it.

        Most kinds cannot be created twice by one attempt: there, somebody has copied the owner.
        """
        explained = self.doubled or double.attempt != first.attempt
        return explained and not double.used and not self.holds_data

    def _has_other_name(self, seen: Observed[S], expected: str) -> bool:
        return self.name_follows_owner and seen.parts.get("name", expected) != expected

    def _refuse_foreign(self, seen: Observed[S], refs: Refs) -> Refuse | None:
        """Return why a deletion would break law 5."""
        expected = refs.scope.native_name(seen.address.name)
        if not self._has_other_name(seen, expected):
            return None
        return Refuse(
            f"it bears our owner and the name {seen.parts['name']!r} instead of {expected!r}",
            "Look at it: a copied owner is no licence to delete. Rename it back, or remove its owner.",
        )

    def _delete_double(self, seen: Observed[S]) -> Call:
        first, *others = seen.extras
        call = self.delete(evolve(seen, parts=first, extras=()))
        return evolve(call, after=evolve(seen, extras=tuple(others)))


class AttachmentDriver(LifecycleDriver[Attachment]):
    """A volume on an instance: attached, detached, and never changed.

    It has no owner but the volume's, so that a renaming of the volume renames it.
    """

    spec = Attachment
    replaces = frozenset({"instance", "volume", "device"})
    holds = frozenset({"instance", "volume"})
    becoming = "being attached"
    leaving = "being detached"
    waits_for_pending = True

    def update(self, want: Attachment, seen: Observed[Attachment], refs: Refs) -> NextCall:
        """Return DONE: what differs is the volume's."""
        return DONE


def with_owner(seen: Observed[S], want: S, **said: Any) -> Observed[S]:
    """Return `seen` once its owner is that of `want`, and so are its tags and protection, or as `said`."""
    values = {name: getattr(want, name) for name in OWNING if hasattr(want, name)}
    values |= {name: value for name, value in said.items() if name in values}
    return evolve(seen, address=want.address, spec=evolve(seen.spec, name=want.name, **values))
