"""A plan's fingerprint: whether the plan that was read is the plan that would be applied now."""

import hashlib

from portinfra.model.plan import Change, Plan
from portinfra.model.resources import Spec, shown


def digest(plan: Plan) -> str:
    """A hash of everything that the plan would change. Equal plans, equal digests; no secret is in it."""
    lines = [f"{plan.scope} destroys={plan.destroys}", *(_line(change) for change in plan.changes)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(change: Change) -> str:
    return f"{change.action} {change.address} {_spec(change.before)} {_spec(change.after)}"


def _spec(spec: Spec | None) -> str:
    if spec is None:
        return "-"
    return repr(sorted((name, _plain(value)) for name, value in shown(spec).items()))


def _plain(value: object) -> object:
    return sorted(value.items()) if isinstance(value, dict) else value
