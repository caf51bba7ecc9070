"""Checks of roles and their volumes: names, numbers, slots, renames."""

from collections.abc import Iterator, Mapping

from attrs import evolve

from portinfra.format import suggestion
from portinfra.model.duration import DURATION, why_no_duration
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.resources import Instance, Volume, present_name, traits
from portinfra.model.topology import INTERNET, PROFILES, Role, Topology
from portinfra.validation.creation import birth_findings
from portinfra.validation.mounts import mount_findings
from portinfra.validation.names import (
    LABEL,
    ROLE_NAME_MAX,
    SCOPE_NAME_MAX,
    VOLUME_NAME_MAX,
    name_findings,
    repeated_names,
)

RESERVED_PREFIX = "portinfra"
"""The prefix of portinfra's own tags, which contain the owner."""

SLOTS_MAX = 2**28
"""More slots than the largest address range has. A slot has four subnets, one for each zone."""

_COMPARED = {*traits(Instance).compared, *traits(Volume).compared}
IGNORABLE = sorted(map(present_name, _COMPARED - {*traits(Instance).references}))
"""The attributes that a role may ignore, by their present names."""


def topology_findings(topology: Topology) -> Iterator[Finding]:
    """Yield what is wrong with a topology and its roles, wherever they are placed."""
    subject = f"topology.{topology.name}"
    yield from name_findings(topology.name, SCOPE_NAME_MAX, "topology/name", subject, topology.location)
    if not topology.roles:
        one = topology.location.choose('Role("web")', 'role "web" {}')
        yield Finding(
            "topology/empty",
            "it has no roles",
            f"Give it at least one: {one}.",
            subject=subject,
            location=topology.location,
        )
    yield from reserved_tags(topology.tags, subject, topology.location)
    repeated = repeated_names(role.name for role in topology.roles)
    for role in topology.roles:
        if role.name in repeated:
            yield _wrong(
                role, "duplicate-role", "", f"more than one role is named {role.name!r}", "Rename one."
            )
        yield from _role_findings(role)
    yield from _slot_findings(topology)
    yield from _retired_findings(topology)
    yield from _rename_findings(topology)


def reserved_tags(tags: Mapping[str, str], subject: str, location: Location | None) -> Iterator[Finding]:
    """Yield a finding for tags that look like portinfra's own."""
    for tag in sorted(tags):
        if tag.lower().startswith(RESERVED_PREFIX):
            yield Finding(
                "topology/reserved-tag",
                f"tags that begin with {RESERVED_PREFIX!r} mark the owner, and only portinfra sets them",
                f"Rename the tag {tag!r}.",
                subject=f"{subject}.tags",
                location=location,
            )


def _wrong(role: Role, rule: str, attribute: str, message: str, fix: str) -> Finding:
    subject = f"role.{role.name}.{attribute}" if attribute else f"role.{role.name}"
    return Finding(f"topology/{rule}", message, fix, subject=subject, location=role.location)


def _role_findings(role: Role) -> Iterator[Finding]:
    subject = f"role.{role.name}"
    yield from name_findings(role.name, ROLE_NAME_MAX, "topology/name", subject, role.location)
    if role.name == INTERNET:
        fix = "Choose another name."
        yield _wrong(role, "name", "", f"{INTERNET!r} means every public address", fix)
    if role.name[-1:].isdigit() and LABEL.fullmatch(role.name):
        message = (
            f"{role.name!r} ends in a digit, so its host {role.name + '1'!r} would have an ambiguous name"
        )
        yield _wrong(role, "name", "", message, "End the name in a letter: hosts are numbered for you.")
    if role.count < 0:
        yield _wrong(role, "count", "count", f"{role.count} is no number of hosts", "Use 0 or more.")
    if role.max_unavailable < 1:
        message = f"{role.max_unavailable}: nothing could ever be replaced"
        yield _wrong(role, "max-unavailable", "max_unavailable", message, "Use 1 or more.")
    yield from _ready_findings(role)
    if role.slot is not None and role.slot < 0:
        yield _wrong(role, "slot", "slot", f"{role.slot} is no slot", "Slots are counted from 0.")
    for attribute in ("size", "image"):
        if not getattr(role, attribute).strip():
            message, fix = f"the {attribute} is empty", f"Leave {attribute} out to have the usual one."
            yield _wrong(role, f"empty-{attribute}", attribute, message, fix)
    yield from _ignore_findings(role)
    if role.profile not in PROFILES:
        message, fix = f"{role.profile!r} is no profile", suggestion(role.profile, filter(None, PROFILES), "")
        yield _wrong(role, "profile", "profile", message, fix)
    for rule, reason in role.waive.items():
        if not reason.strip():
            message = f"the rule {rule!r} is waived without a reason"
            yield _wrong(role, "waived-without-reason", "waive", message, "Say why it does not apply here.")
    yield from birth_findings(role.user_data, role.ssh_keys, subject, role.location)
    yield from reserved_tags(role.tags, subject, role.location)
    yield from _volume_findings(role)


def _ignore_findings(role: Role) -> Iterator[Finding]:
    for attribute in role.ignore:
        name = present_name(attribute)
        if name not in IGNORABLE:
            fix = suggestion(attribute, IGNORABLE, "")
            yield _wrong(role, "unknown-attribute", "ignore", f"{attribute!r} is no attribute", fix)
        elif name != attribute:
            message = f"{attribute} is the former name of {name}"
            fix = f"Write {name} in place of {attribute}."
            yield evolve(_wrong(role, "former-name", "ignore", message, fix), severity=Severity.WARNING)


def _ready_findings(role: Role) -> Iterator[Finding]:
    if not DURATION.fullmatch(role.ready_limit):
        message = f"{role.ready_limit!r} {why_no_duration(role.ready_limit)}"
        yield _wrong(role, "ready-limit", "ready_limit", message, "Write 90s or 5m, for example.")
    if any(isinstance(hook, str) and not hook.strip() for hook in role.ready):
        yield _wrong(role, "ready", "ready", "it runs nothing, and always passes", "Name a command.")


def _volume_findings(role: Role) -> Iterator[Finding]:
    names = repeated_names(volume.name for volume in role.volumes)
    mounts = repeated_names(volume.mount.rstrip("/") for volume in role.volumes if volume.mount)
    for volume in role.volumes:
        subject = f"role.{role.name}.volume.{volume.name}"
        yield from name_findings(volume.name, VOLUME_NAME_MAX, "topology/name", subject, volume.location)
        yield from reserved_tags(volume.tags, subject, volume.location)
        if volume.name in names:
            message = f"the role has more than one volume {volume.name!r}"
            yield Finding(
                "topology/duplicate-volume", message, "Rename one.", subject=subject, location=volume.location
            )
        yield from mount_findings(volume, mounts, subject)


def _slot_findings(topology: Topology) -> Iterator[Finding]:
    taken: dict[int, str] = {}
    for role, slot in zip(topology.roles, topology.slots, strict=True):
        if slot in taken:
            yield _wrong(
                role,
                "slot-taken",
                "slot",
                f"its subnets would overlap those of {taken[slot]!r} are (slot {slot})",
                f"Give it a slot of its own: {_slot_line(role, topology)}.",
            )
        taken.setdefault(slot, role.name)


def _slot_line(role: Role, topology: Topology) -> str:
    """Return the attribute that gives a role a free slot."""
    free = max([*topology.slots, *topology.retired.values()]) + 1
    return role.location.write("slot", str(free))


def _retired_findings(topology: Topology) -> Iterator[Finding]:
    """Yield findings for retired names and slots that a role has, or that are invalid or named twice."""
    names: dict[int, str] = {}
    for name, slot in topology.retired.items():
        if not LABEL.fullmatch(name):
            message = f"{name!r} is no name of a role"
            yield _badly_retired(topology, "name", message, "Write the name that the role had.")
        if slot < 0:
            yield _badly_retired(topology, "slot", f"{slot} is no slot", "Slots are counted from 0.")
        if slot >= SLOTS_MAX:
            message = f"no environment has a slot {slot}"
            yield _badly_retired(topology, "slot", message, "Write the slot that the role had.")
        if slot in names:
            message = f"{names[slot]!r} and {name!r} have the same slot {slot}"
            yield _badly_retired(topology, "slot-twice", message, f"Remove {name!r} from retired.")
        names.setdefault(slot, name)
    for role in topology.roles:
        if role.name in topology.retired:
            message = f"{role.name!r} is a role, and is retired too"
            fix = f"Remove {role.name!r} from the topology's retired, or rename the role."
            yield _badly_retired(topology, "role", message, fix)
        elif role.slot in names:
            message = f"its slot {role.slot} is kept for the retired role {names[role.slot]!r}"
            fix = f"Remove {names[role.slot]!r} from the topology's retired, or choose another slot"
            yield _wrong(role, "slot-retired", "slot", message, f"{fix}: {_slot_line(role, topology)}.")


def _badly_retired(topology: Topology, rule: str, message: str, fix: str) -> Finding:
    subject = f"topology.{topology.name}.retired"
    return Finding(f"topology/retired-{rule}", message, fix, subject=subject, location=topology.location)


def _rename_findings(topology: Topology) -> Iterator[Finding]:
    names = {role.name for role in topology.roles}
    renamed = [role for role in topology.roles if role.renamed_from is not None]
    repeated = repeated_names(role.renamed_from or "" for role in renamed)
    for role in renamed:
        if role.renamed_from in names:
            message = f"a role {role.renamed_from!r} is still declared"
            fix = "Remove one of the two, or leave renamed_from out."
            yield _wrong(role, "renamed-from-existing", "renamed_from", message, fix)
        if role.renamed_from in repeated:
            message = f"more than one role was renamed from {role.renamed_from!r}"
            yield _wrong(role, "renamed-from-twice", "renamed_from", message, "Only one can have its hosts.")
