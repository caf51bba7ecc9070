"""What follows from another finding, and is not printed beside it.

A value of a wrong type is replaced by another one, and a list may lack what was misspelt. Neither may cause a
finding of its own: it would send the user to a place that is right.
"""

from collections.abc import Container, Iterable, Iterator, Mapping

from portinfra.model.finding import Finding
from portinfra.model.location import Location

EMPTY = "topology/empty"
"""The rule about a topology without roles, which is about the topology as a whole."""

_WRONG = ("/wrong-type", "/character")

_LABELS = (".name", ".of")
"""Attributes by which findings call a block."""

_ROLES = frozenset(
    {
        "environment/unknown-key",
        "environment/unknown-role",
        "recovery/no-data",
        "recovery/reach",
        "recovery/role-in-no-wave",
        "recovery/unknown-role",
        "recovery/unknown-service",
        "recovery/unknown-volume",
        "service/unknown",
        EMPTY,
        "topology/unknown-role",
    }
)
_FLOWS = frozenset({"recovery/reach", "recovery/standby-closed"})
_SERVICES = frozenset({"recovery/unknown-service", "service/unknown"})
_VOLUMES = frozenset(
    {
        "environment/unknown-key",
        "recovery/no-data",
        "recovery/no-volumes",
        "recovery/unknown-volume",
    }
)

FOLLOWING: Mapping[str, frozenset[str]] = {
    "topology.roles": _ROLES,
    "role.name": _ROLES,
    "topology.flows": _FLOWS,
    "flow": _FLOWS,
    "role.offers": _SERVICES,
    "service.name": _SERVICES,
    "role.volumes": _VOLUMES,
    "volume.name": _VOLUMES,
    "service.local_port": frozenset({"service/local-port"}),
    "service.tcp": frozenset({"service/port-twice"}),
    "environment.cidr": frozenset({"environment/subnet-prefix"}),
    "environment.name": frozenset({"recovery/unknown-environment"}),
    "recovery.target": frozenset({"recovery/standby-closed"}),
    "recovery.standby": frozenset({"recovery/refresh-every"}),
    "recovery.vault": frozenset({"recovery/evidence-remote", "recovery/no-vault"}),
    "data.of": frozenset({"recovery/unknown-role"}),
}
"""Attribute → the rules that find nothing where its value is not known, or not all of it."""

_MISSES = {
    EMPTY: "topology.roles",
    "recovery/no-vault": "recovery.vault",
    "recovery/unknown-environment": "recovery.target",
}
"""Rule → the attribute that it is about, whose value is of the right type and means nothing."""

_BLOCKS = ("topology", "role", "volume", "service", "environment", "recovery", "data")


def without_following(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Return the findings without those that follow from another one."""
    known = tuple(findings)
    wrong = [each for each in known if each.rule.endswith(_WRONG)]
    nameless = {each.location for each in wrong if _attribute(each.subject).endswith(_LABELS)}
    replaced = {_place(each, nameless) for each in wrong}
    following = _following(_attribute(each.subject) for each in wrong)
    missing = {_misses(each) for each in known}
    for each in known:
        follows = each.rule in following | _following(missing - {_misses(each)})
        if each in wrong or not (follows or _place(each, nameless) in replaced):
            yield each


def _place(finding: Finding, nameless: Container[Location | None]) -> tuple[object, str]:
    """Return where an attribute is: by the line where its block is written, if its name is wrong."""
    block = finding.location if finding.location in nameless else finding.subject
    return block, _attribute(finding.subject)


def _following(attributes: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(FOLLOWING.get(each, ()) for each in attributes))


def _misses(finding: Finding) -> str:
    """Return the attribute that a finding says to name what there is not; empty for another finding."""
    attribute = _MISSES.get(finding.rule, "")
    return attribute if finding.rule == EMPTY or attribute == _attribute(finding.subject) else ""


def _attribute(subject: str) -> str:
    """Return the class and the name of the attribute that a subject names: `role.volumes`."""
    if subject.startswith("flow "):
        return "flow"
    *before, name = subject.split(".")
    blocks = (word.partition(" ")[0] for word in reversed(before))
    return f"{next((word for word in blocks if word in _BLOCKS), '')}.{name}"
