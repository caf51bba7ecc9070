"""The life cycle of one resource, the same for every provider: which call comes next, and why.

A driver of one kind derives from `LifecycleDriver` and writes four methods: `create`, `update`, `delete`, and
`own` where another request writes the owner. The hooks `cannot_create`, `obstacle` and `finish` are for
differences between kinds. Everything here is pure, as drivers are.

`next_call` answers with the first line that applies:

| what is seen | what is wanted | answer |
|---|---|---|
| nothing | nothing | DONE |
| nothing | a resource | `cannot_create`, else `create` |
| an `obstacle` | | the answer of `obstacle`; by default Wait while it is being deleted |
| empty duplicates | | `delete` the first of them |
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

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.observed import Observed, S
from portinfra.model.resources import Attachment
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs, Refuse, Wait
from portinfra.value import frozen

OWNING = ("tags", "protect")
"""Fields of a spec that the same request as the owner writes."""


@frozen
class Copy(Generic[S]):
    """One native resource that has an owner of the scope. Another resource may have the same owner."""

    seen: Observed[S]
    attempt: str = ""
    """The run that created it, by its owner."""
    used: bool = False
    """Whether another resource depends on it."""
    named: bool = True
    """Whether its native name is the one for its owner."""

    @property
    def rank(self) -> tuple[bool, bool, bool, str, str]:
        """A sort key: the copy that counts comes first. It is the one in use, else that of the first
        attempt.
        """
        return (self.is_leaving, not self.named, not self.used, self.attempt, self.seen.id)

    @property
    def is_leaving(self) -> bool:
        """Whether it is being deleted."""
        return self.seen.state == "deleting"


class LifecycleDriver(Driver[S]):
    """The driver of a kind that is created, changed and deleted as one resource."""

    becoming: ClassVar[str] = "being created"
    """The reason to wait for a pending resource."""
    leaving: ClassVar[str] = "being deleted"
    """The reason to wait for a resource that is being deleted."""
    waits_for_pending: ClassVar[bool] = False
    """Whether the provider refuses every request about a pending resource, even its deletion."""
    name_follows_owner: ClassVar[bool] = True
    """Whether a new owner changes the native name. If so, `parts["name"]` must agree before a deletion."""
    doubled: ClassVar[bool] = False
    """Whether one run can create it twice, as its creation has neither a token nor a unique name."""
    holds_data: ClassVar[bool] = False
    """Whether it holds data, so that no duplicate of it counts as empty."""

    # What a kind writes

    @abstractmethod
    def create(self, want: S, refs: Refs) -> Call:
        """Return the request that creates it. The request itself contains the owner (law 4)."""

    @abstractmethod
    def delete(self, seen: Observed[S]) -> Call:
        """Return the next request of its deletion. It needs only `seen.parts`.

        Core also calls it for an empty duplicate: then `seen.parts` are the parts of the duplicate.
        """

    def update(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Return the next request that brings it closer to `want`. Its `after` must be closer (law 3)."""
        return Refuse(f"{want.address} cannot change in place", "Replace it: --replace " + want.address)

    def own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Return the request that writes owner, name, tags and protection; see `with_owner`.

        By default `update`, for providers where one request changes everything.
        """
        return self.update(want, seen, refs)

    # What a kind may add

    def cannot_create(self, want: S, refs: Refs) -> Refuse | Wait | None:
        """Return why this can never be created as wanted, or what its creation has to wait for.

        The plan shows a refusal, before any call.
        """
        return None

    def obstacle(self, seen: Observed[S]) -> Wait | Refuse | None:
        """Return why no request about it is possible now, not even its deletion.

        A resource with a fault makes no progress: it may be deleted while it is pending.
        """
        if seen.state == "deleting":
            return Wait(self.leaving)
        if seen.state == "pending" and self.waits_for_pending and not seen.fault:
            return Wait(self.becoming)
        return None

    def finish(self, want: S, seen: Observed[S], refs: Refs) -> NextCall | None:
        """Return what it still lacks of what every resource of its kind must have.

        It comes before any other change of a resource, and also while that is pending.
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
        """Return whether owner, name, tags or protection differ from those of `want`."""
        return (
            seen.address != want.address
            or self._has_other_name(seen, refs.name(want))
            or any(getattr(want, name, None) != getattr(seen.spec, name, None) for name in OWNING)
        )

    def keep_one(self, copies: Iterable[Copy[S]]) -> list[Observed[S]]:
        """Return the existing resources: one copy of each address, with its empty duplicates as `extras`.

        A duplicate that is not empty is a second value with the same address: core reports it and changes
        neither. A copy that is being deleted, or that has another name, counts only if it is the only one.
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
        """Return whether an attempt of ours explains a duplicate, and nothing depends on it.

        One attempt cannot create most kinds twice. A duplicate of such a kind has a copied owner.
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
            f"it has portinfra's owner and the name {seen.parts['name']!r} instead of {expected!r}",
            "Check it: a resource with a copied owner is never deleted. Rename it back, or remove its owner.",
        )

    def _delete_double(self, seen: Observed[S]) -> Call:
        first, *others = seen.extras
        call = self.delete(evolve(seen, parts=first, extras=()))
        return evolve(call, after=evolve(seen, extras=tuple(others)))


class AttachmentDriver(LifecycleDriver[Attachment]):
    """A volume on an instance. It is attached and detached, and never changed.

    It has the owner of its volume, so that renaming the volume renames it.
    """

    spec = Attachment
    replaces: frozenset[str] = frozenset({"instance", "volume", "device"})
    holds: frozenset[str] = frozenset({"instance", "volume"})
    becoming = "being attached"
    leaving = "being detached"
    waits_for_pending = True

    def update(self, want: Attachment, seen: Observed[Attachment], refs: Refs) -> NextCall:
        """Return DONE: any difference belongs to the volume."""
        return DONE


def with_owner(seen: Observed[S], want: S, **given: Any) -> Observed[S]:
    """Return `seen` with the owner, tags and protection of `want`, or with those in `given`."""
    values = {name: getattr(want, name) for name in OWNING if hasattr(want, name)}
    values |= {name: value for name, value in given.items() if name in values}
    return evolve(seen, address=want.address, spec=evolve(seen.spec, name=want.name, **values))
