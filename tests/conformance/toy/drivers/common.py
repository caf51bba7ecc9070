"""What all kinds share here: labels, lists, states, and a change as the difference of two bodies."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Spec, traits
from portinfra.provider.interface import DONE, Answer, Call, Names, NextCall, Refs
from portinfra.provider.lifecycle import LifecycleDriver

S = TypeVar("S", bound=Spec)
Record = Mapping[str, Any]

TAG = "tag/"
"""Keeps the labels that a user asks for apart from ours."""

STATES: Mapping[str, State] = {"READY": "ready", "ON": "ready", "OFF": "ready", "GOING": "deleting"}
"""Every other status is of something on its way."""


def list_call(collection: str, scope: Scope) -> Call:
    return Call(f"GET /{collection}", {"label": f"scope={scope.hash}"}, rates=("requests",))


def id_of(refs: Refs, address: Address | None) -> str | None:
    """The id of what is referred to; None where it is gone, which only what is seen may refer to."""
    return refs.id(address) if address in refs.seen else None


class ToyDriver(LifecycleDriver[S]):
    becoming = "being changed"
    waits_for_pending = True
    collection: ClassVar[str]
    fields: ClassVar[tuple[tuple[str, str], ...]]
    """Field of the spec, field of the record: for what is the same in both or refers to another record."""

    def read(self, record: Record, names: Names) -> S:
        """A record in the words of the declaration."""
        values = {ours: record[theirs] for ours, theirs in self.fields}
        for ours in traits(self.spec).references:
            values[ours] = names.address_of(values[ours])
        labels = record["labels"]
        if "tags" in traits(self.spec).compared:
            values["tags"] = {n.removeprefix(TAG): labels[n] for n in sorted(labels) if n.startswith(TAG)}
        if "protect" in traits(self.spec).compared:
            values["protect"] = "protect" in labels
        spec: S = self.spec(name=Address(labels["address"]).name, **values)
        return spec

    def body(self, spec: S, refs: Refs) -> dict[str, Any]:
        """The fields that a record of this spec has, labels aside."""
        body = {theirs: getattr(spec, ours) for ours, theirs in self.fields}
        for ours in traits(self.spec).references:
            body[dict(self.fields)[ours]] = id_of(refs, getattr(spec, ours))
        return body

    def birth(self, want: S, refs: Refs) -> dict[str, Any]:
        """The fields that matter at birth only."""
        return {}

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        return (list_call(self.collection, scope),)

    def assemble(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Observed[S]]:
        found = []
        for call, pages in answers.items():
            if call.action == f"GET /{self.collection}":
                records = [record for page in pages for record in page["items"]]
                found += [self._observed(record, names) for record in records if _is_ours(record, names)]
        return found

    def _observed(self, record: Record, names: Names) -> Observed[S]:
        address = Address(record["labels"]["address"])
        state = STATES.get(record["status"], "pending")
        spec = self.read(record, names)
        return Observed(address, spec, {"id": record["id"]}, state, record.get("zone"))

    def delete(self, seen: Observed[S]) -> Call:
        action = f"DELETE /{self.collection}/{{id}}"
        return Call(action, {"id": seen.id}, seen.address, rates=("requests",), safe=True)

    def create(self, want: S, refs: Refs) -> Call:
        owner = refs.owner(want)
        labels = {"scope": owner.scope.hash, "address": owner.address, "attempt": owner.attempt}
        labels |= {**_user_labels(want), "birth": getattr(want, "birth", "")}
        body = {"name": refs.name(want), "labels": labels, **self.body(want, refs), **self.birth(want, refs)}
        promised = Observed(want.address, want)
        return Call(f"POST /{self.collection}", body, want.address, promised, {"id": "id"}, ("requests",))

    def update(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """One request for all that differs: name, owner, labels and fields."""
        before, after = self.body(seen.spec, refs), self.body(want, refs)
        changes: dict[str, Any] = {name: after[name] for name in after if after[name] != before[name]}
        labels = _difference(_user_labels(seen.spec), _user_labels(want))
        if seen.address != want.address:
            changes["name"] = refs.name(want)
            labels["address"] = want.address
        if labels:
            changes["labels"] = labels
        return self.patch(want, seen, changes) if changes else DONE

    def patch(self, after: S, seen: Observed[S], changes: Mapping[str, Any]) -> Call:
        promised = evolve(seen, address=after.address, spec=after)
        parameters = {"id": seen.id, **changes}
        action = f"PATCH /{self.collection}/{{id}}"
        return Call(action, parameters, after.address, promised, rates=("requests",), safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        there = super().absorb(seen, call, answer)
        if answer is None:
            return there
        if there is None:
            return evolve(seen, state="deleting") if seen and answer["status"] == "GOING" else None
        return evolve(there, state=STATES.get(answer["status"], "pending"))


def _is_ours(record: Record, names: Names) -> bool:
    """Owner and name agree: a copy of the labels makes nothing ours."""
    labels = record["labels"]
    expected = names.scope.native_name(Address(labels.get("address", "")).name)
    return bool(labels.get("scope") == names.scope.hash and record["name"] == expected)


def _user_labels(spec: Spec) -> dict[str, str]:
    """What the user has a say in."""
    tags = {f"{TAG}{name}": text for name, text in getattr(spec, "tags", {}).items()}
    return {**tags, "protect": "yes"} if getattr(spec, "protect", False) else tags


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """The labels to write; None removes one."""
    return {
        name: after.get(name) for name in sorted({*before, *after}) if before.get(name) != after.get(name)
    }
