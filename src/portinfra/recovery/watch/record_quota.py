"""Whether the quota of records at the end that takes over suffices for a takeover. Pure.

Records have a quota where a provider keeps them in resources that are scarce: health checks of a project.
"""

from collections.abc import Iterator

from portinfra.model.catalogue import Catalogue
from portinfra.model.finding import Finding, Severity
from portinfra.provider.interface import RecordDriver
from portinfra.recovery.recovery import Recovery
from portinfra.words import count

TAKEOVER_RECORDS = 12
"""How many records a takeover adds at its end at most, at its widest moment: leases, the entries of the
takeover and of its run, and what continues them.
"""


def record_findings(recovery: Recovery, records: RecordDriver, catalogue: Catalogue) -> Iterator[Finding]:
    """Return an error where the quota leaves no room for the records of a takeover, and a warning where it
    leaves room for one and not for two. Nothing is known where the provider does not tell of a quota.
    """
    for quota in catalogue.quotas:
        if quota.kind != records.quota or quota.limit is None or quota.used is None:
            continue
        free = max(0, quota.limit - quota.used)
        if free >= 2 * TAKEOVER_RECORDS:
            continue
        suffices = free >= TAKEOVER_RECORDS
        room = "one takeover fits, and no second" if suffices else "its records do not fit"
        yield Finding(
            "recovery/record-quota",
            f"{quota.place or catalogue.region} may have {quota.limit} {quota.kind} and has {quota.used}: "
            f"a takeover needs up to {TAKEOVER_RECORDS}, so {room}",
            f"Ask for a quota of {quota.kind} of at least {quota.used + 2 * TAKEOVER_RECORDS}, or keep fewer "
            f"points (keep); now there is room for {count(free, 'record')}.",
            Severity.WARNING if suffices else Severity.ERROR,
            subject=f"recovery.{recovery.plan.name}",
        )
