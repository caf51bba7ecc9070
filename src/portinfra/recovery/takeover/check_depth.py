"""How deeply a bring-up was looked at: whether passed probes read the data that came back."""

from collections.abc import Collection

from portinfra.model.evidence import Level, LookedAt
from portinfra.recovery.groups import Group, groups, roles_of
from portinfra.recovery.takeover.bring_up import BringUp


def list_check_depths(bring_up: BringUp) -> tuple[LookedAt, ...]:
    """Return, for each group that comes back, what the passed probes read of it."""
    plan, placed = bring_up.recovery.plan, bring_up.context.placed
    names = {checked.name for checked in bring_up.probes if checked.passed}
    passed = [probe for probe in plan.probes if probe.name in names]
    read = {role for probe in passed for role in probe.reads}

    def level(group: Group) -> Level:
        if bring_up.up_at is None:
            return "nothing"
        if roles_of(group, placed) <= read:
            return "data"
        return "service" if passed else "hosts"

    return tuple(LookedAt(group.name, level(group)) for group in groups(bring_up.recovery, placed))


def unread_lines(looked: Collection[LookedAt]) -> tuple[str, ...]:
    """Return a sentence for each group whose data no passed probe has read."""
    return tuple(f"no probe has read the data of {each.group}" for each in looked if each.looked != "data")
