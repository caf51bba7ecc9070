"""Volumes that a plan attaches to running hosts. A host mounts its volumes only when it starts."""

from collections.abc import Iterator, Mapping

from portinfra.format import count
from portinfra.model.address import Address
from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.resources import Attachment, Instance
from portinfra.planning.changes import Desired
from portinfra.planning.creation import changes_since_birth

RULE = "plan/mounted-at-start"


def mount_findings(decided: Mapping[Address, Change], desired: Desired) -> Iterator[Finding]:
    """Return a note for each host that keeps running while volumes which it mounts are attached to it."""
    places: dict[Address, list[str]] = {}
    for change in decided.values():
        attachment = change.after
        if change.action not in ("create", "replace") or not isinstance(attachment, Attachment):
            continue
        host = attachment.instance
        if host is not None and _keeps_running(host, decided, desired):
            mounts = getattr(desired.wanted[host], "mounts", ())
            places.setdefault(host, []).extend(m.place for m in mounts if m.device == attachment.device)
    for host, found in sorted(places.items()):
        if found:
            yield Finding(
                RULE,
                f"{host.name} runs while {count(len(found), 'volume')} of its mounts "
                f"({', '.join(sorted(found))}) {'is' if len(found) == 1 else 'are'} attached to it",
                f"It mounts them when it starts: restart {host.name} afterwards.",
                Severity.NOTE,
                subject=host,
            )


def _keeps_running(host: Address, decided: Mapping[Address, Change], desired: Desired) -> bool:
    """Return whether a host runs before and after the plan, and would mount the declared volumes when it
    starts.
    """
    want, seen = desired.wanted.get(host), desired.existing.get(host)
    if seen is None or not isinstance(want, Instance) or not isinstance(seen.spec, Instance):
        return False
    created = host in decided and decided[host].action in ("create", "replace")
    runs = (want.power, seen.spec.power) == ("running", "running")
    return runs and not created and "mounts" not in changes_since_birth(want, seen.spec)
