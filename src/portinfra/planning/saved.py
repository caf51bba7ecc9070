"""A plan's fingerprints: whether an apply would do anything that was not in the plan that was read."""

import hashlib
from collections.abc import Collection

from portinfra.model.plan import Change, Plan
from portinfra.model.resources import Spec, shown


def fingerprints(plan: Plan) -> tuple[str, ...]:
    """A hash of each change, in the plan's order. Equal changes of equal scopes have equal hashes.

    No secret goes in. Waiting for what is not ready yet, and tidying up empty doubles, are no changes here:
    they come and go by themselves.
    """
    return tuple(_hash(plan, change) for change in plan.changes if not _comes_and_goes(change))


def digest(plan: Plan) -> str:
    """One hash for the whole plan, to tell two plans apart at a glance."""
    return hashlib.sha256("\n".join(fingerprints(plan)).encode()).hexdigest()


def covered(fresh: Plan, read: Collection[str]) -> bool:
    """Whether everything that a fresh plan would do was among the fingerprints of the plan that was read.

    It may do less: what has been done since, by whomever, needs no doing.
    """
    return set(fingerprints(fresh)) <= set(read)


def _comes_and_goes(change: Change) -> bool:
    return change.action == "update" and not change.differences and change.renamed_from is None


def _hash(plan: Plan, change: Change) -> str:
    """What is promised: the end of a change, or what goes. Half of a creation may be done already."""
    making = change.action in ("create", "update")
    promise = f"make {_spec(change.after)}" if making else f"{change.action} {_spec(change.before)}"
    ends = _spec(change.after) if change.action == "replace" else ""
    text = f"{plan.scope} {change.address} {promise} {ends}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _spec(spec: Spec | None) -> str:
    if spec is None:
        return "-"
    return repr(sorted((name, _plain(value)) for name, value in shown(spec).items()))


def _plain(value: object) -> object:
    return sorted(value.items()) if isinstance(value, dict) else value
