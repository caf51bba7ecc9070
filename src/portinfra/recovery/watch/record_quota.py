"""Whether the quota of records at the end that takes over suffices for a takeover. Pure.

Records have a quota where a provider keeps them in resources that are scarce: health checks of a project.
"""

import math
from collections.abc import Iterator

from portinfra.format import count
from portinfra.model.catalogue import Catalogue
from portinfra.model.finding import Finding, Severity
from portinfra.placement import place
from portinfra.provider.interface import RecordDriver
from portinfra.recovery.groups import groups
from portinfra.recovery.recovery import Recovery

FIXED_RECORDS = 10
"""The leases of the scopes of its end, and the entries of a takeover, of its run and of its approvals."""

PIECE_CHARACTERS = 500
"""The characters of an entry that fit into one more record, at least."""

GROUP_CHARACTERS = 16
"""The characters of one group in the entry of a takeover, at most: its point and its roles."""


def takeover_records(recovery: Recovery) -> int:
    """Return how many records a takeover adds at its end at most. Each wave whose volumes are kept adds an
    entry. A long entry continues in other records, which exist twice while it changes.
    """
    placed = place(recovery.topology, recovery.target)
    restored = groups(recovery, placed)
    volumes = [volume for group in restored for volume in group.volumes]
    with_data = {placed.roles[volume] for volume in volumes}
    waves = [wave for wave in recovery.plan.waves if with_data & {*wave.roles}]
    kept = len(waves) if recovery.plan.keep_overwritten else 0
    text = GROUP_CHARACTERS * len(restored) + sum(len(volume.name) + 1 for volume in volumes)
    return FIXED_RECORDS + kept + 2 * math.ceil(text / PIECE_CHARACTERS)


def record_findings(recovery: Recovery, records: RecordDriver, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield an error where the quota has no room for the records of a takeover, and a warning where it has
    room for one and not for two. Nothing is known where the provider reports no quota.
    """
    needed = takeover_records(recovery)
    for quota in catalogue.quotas:
        if quota.kind != records.quota or quota.limit is None or quota.used is None:
            continue
        free = max(0, quota.limit - quota.used)
        if free >= 2 * needed:
            continue
        suffices = free >= needed
        room = "one takeover fits, and no second" if suffices else "its records do not fit"
        yield Finding(
            "recovery/record-quota",
            f"{quota.place or catalogue.region} may have {quota.limit} {quota.kind} and has {quota.used}: "
            f"a takeover needs up to {needed}, so {room}",
            f"Ask for a quota of {quota.kind} of at least {quota.used + 2 * needed}, or keep fewer "
            f"points (keep); now there is room for {count(free, 'record')}.",
            Severity.WARNING if suffices else Severity.ERROR,
            subject=f"recovery.{recovery.plan.name}",
        )
