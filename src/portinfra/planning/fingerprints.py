"""Fingerprints of a plan: whether an apply would do anything that the plan which was read does not
contain.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator

from attrs import evolve

from portinfra.model.change import Change
from portinfra.model.fingerprint import fingerprint
from portinfra.model.plain import Document
from portinfra.model.plan import Plan
from portinfra.model.resources import Spec, public_fields

_SAID_MAX = 10
"""A message names at most so many changes one by one."""


def fingerprints(plan: Plan) -> tuple[str, ...]:
    """Return hashes of all that a plan permits. Equal changes of equal scopes have equal hashes.

    Waiting for a resource that is not ready and deleting empty duplicates are no changes here: they come and
    end by themselves.
    """
    where = _where(plan)
    return tuple(
        dict.fromkeys(_hash(where, what) for change in _lasting(plan) for what in _leave(plan, change))
    )


def digest(document: Document) -> str:
    """Return one hash of a plan's document. The order and layout of its text do not matter."""
    content = {name: value for name, value in document.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def new_changes(fresh: Plan, read: Collection[str]) -> tuple[Change, ...]:
    """Return the changes of a fresh plan that are not among the fingerprints of the plan that was read.

    A fresh plan may contain less: other runs may have done some of it since.
    """
    where, known = _where(fresh), frozenset(read)
    return tuple(change for change in _lasting(fresh) if _hash(where, _leave(fresh, change)[0]) not in known)


def is_covered(fresh: Plan, read: Collection[str]) -> bool:
    """Return whether the plan that was read contains everything that a fresh plan would do."""
    return not new_changes(fresh, read)


def is_same(fresh: Plan, read: Collection[str]) -> bool:
    """Return whether a fresh plan would do the same as the plan that was read, no more and no less."""
    return set(fingerprints(fresh)) == set(read)


def declaration_digest(plan: Plan) -> str:
    """Return sixteen hexadecimal digits of a plan's topology and environment without secrets, and four of the
    user data.
    """
    topology, environment = plan.placed.topology, plan.placed.environment
    few = _few_bits(role.user_data for role in topology.roles)
    return fingerprint((topology, evolve(environment, dns=None))) + few


def say_new(new: Iterable[Change], read: Collection[tuple[str, str]]) -> str:
    """Return sentences about new changes: those that are not in the plan that was read, and those with other
    content.

    `read` holds the action and the address of each change of the plan that was read.
    """
    lacking: list[Change] = []
    altered: list[Change] = []
    for change in new:
        (altered if (change.action, change.address) in read else lacking).append(change)
    sentences = (
        ("Not in it:", lacking),
        ("In it, but the resource or user data of hosts is different now:", altered),
    )
    return " ".join(
        f"{begins} {_say_changes((each.action, each.address) for each in changes)}."
        for begins, changes in sentences
        if changes
    )


def say_gone(fresh: Plan, read: Iterable[tuple[str, str]]) -> str:
    """Return a sentence about the changes of the plan that was read and that a fresh plan does not have.

    They are given by action and address. Empty: the fresh plan has them all.
    """
    left = {(change.action, change.address) for change in fresh.changes}
    gone = [each for each in read if each not in left]
    return f"In it, and not in a new plan: {_say_changes(gone)}." if gone else ""


def _say_changes(changes: Iterable[tuple[str, str]]) -> str:
    """Return the changes in words, each with its address: `create instance.web3, delete volume.db1-data`."""
    named = [f"{action} {address}" for action, address in changes]
    more = f" and {len(named) - _SAID_MAX} more" if len(named) > _SAID_MAX else ""
    return ", ".join(named[:_SAID_MAX]) + more


def _lasting(plan: Plan) -> list[Change]:
    replaced = {change.address for change in plan.changes if change.action == "replace"}

    def lasts(change: Change) -> bool:
        if change.action != "update" or change.differences or change.renamed_from is not None:
            return True
        return bool(
            change.after and replaced.intersection(change.after.references())
        )  # it refers to another resource again

    return [change for change in plan.changes if lasts(change)]


def _leave(plan: Plan, change: Change) -> tuple[str, ...]:
    """Return what a change does, and then what else it permits: the rest of it, when half is done."""
    made = f"make {change.address} {_spec(change.after)}"
    taken_down = f"{made} while it is down"
    seen = plan.observation.resources.get(change.address)
    if change.action == "create":
        return made, taken_down
    if change.action == "update":
        return (taken_down, made) if change.interrupts else (made,)
    gone = f"{change.action} {change.address} {seen.id if seen else ''}"
    goes = [f"{gone} {_spec(before)}" for before in _on_its_way_out(change.before)]
    if change.action == "replace":
        first, *others = (f"{each} by {_spec(change.after)}" for each in goes)
        return first, made, taken_down, *others
    return tuple(goes)


def _on_its_way_out(before: Spec | None) -> Iterator[Spec | None]:
    """Yield the resource as it is, and as it is once a resource that it ends with is gone."""
    yield before
    for reference in before.references() if before else ():
        if before and before.ends_with(reference):
            yield before.without(reference)


def _where(plan: Plan) -> str:
    """Return the scope, the account, and a few bits of the user data."""
    environment = plan.placed.environment
    few = _few_bits(getattr(spec, "user_data", "") for spec in plan.wanted.values())
    return f"{plan.scope} {environment.on} {environment.account} {few}"


def _few_bits(user_data: Iterable[str]) -> str:
    """Return sixteen bits of the hash of all different user data: enough to notice a change, and too few to
    guess a secret.
    """
    return hashlib.sha256("\n".join(sorted(set(user_data))).encode()).hexdigest()[:4]


def _hash(where: str, what: str) -> str:
    return hashlib.sha256(f"{where} {what}".encode()).hexdigest()[:16]


def _spec(spec: Spec | None) -> str:
    if spec is None:
        return "-"
    return repr(sorted((name, _plain(value)) for name, value in public_fields(spec).items()))


def _plain(value: object) -> object:
    return sorted(value.items()) if isinstance(value, dict) else value
