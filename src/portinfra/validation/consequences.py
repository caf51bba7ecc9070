"""Findings that are consequences of another finding, and are not printed with it.

A value of a wrong type is replaced by a stand-in. A finding about the stand-in would send the user to a line
that is right. It is dropped if it is about the same block: the role, service or plan whose attribute was
replaced. A finding about any other block is independent, and is always printed.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping

from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.schema import UNNAMED
from portinfra.model.topology import Topology

EMPTY = "topology/empty"
"""The rule about a topology without roles. It is about the topology as a whole."""

_WRONG = ("/wrong-type", "/character")

_LABELS = (".name", ".of")
"""The attributes by which findings name a block."""

LOOKUPS = frozenset(
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
        "topology/unknown-role",
    }
)
"""The rules that look for a name among the roles. If there is no role, all of them would miss it."""

FOLLOWING: Mapping[str, frozenset[str]] = {
    "topology.roles": frozenset({EMPTY}),
    "service.local_port": frozenset({"service/local-port"}),
    "service.tcp": frozenset({"service/port-twice"}),
    "environment.cidr": frozenset({"environment/subnet-prefix"}),
    "recovery.target": frozenset({"recovery/standby-closed"}),
    "recovery.standby": frozenset({"recovery/refresh-every"}),
    "recovery.vault": frozenset({"recovery/evidence-remote", "recovery/no-vault"}),
    "data.of": frozenset({"recovery/unknown-role"}),
}
"""Attribute → the rules about its value, among the findings about the same block."""

_MISSES = {
    "recovery/no-vault": "recovery.vault",
    "recovery/unknown-environment": "recovery.target",
}
"""Rule → the attribute that it is about. The value has the right type and names nothing."""

_BLOCKS = ("topology", "role", "volume", "service", "environment", "recovery", "data")


def without_lookups(findings: Iterable[Finding], topologies: Collection[Topology]) -> Iterator[Finding]:
    """Return the findings. If topologies have no role, leave out those that look for one."""
    are_empty = bool(topologies) and not any(topology.roles for topology in topologies)
    return (each for each in findings if not are_empty or each.rule not in LOOKUPS)


def without_following(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Return the findings without those about a stand-in."""
    known = tuple(findings)
    wrong = [each for each in known if each.rule.endswith(_WRONG)]
    nameless = {each.location for each in wrong if _attribute(each.subject).endswith(_LABELS)}
    replaced = {_place(each, nameless, is_renamed=True) for each in wrong}
    causes = [(_attribute(each.subject), each) for each in wrong]
    causes += [(_MISSES[each.rule], each) for each in known if _misses(each)]
    for each in known:
        follows = any(
            each.rule in FOLLOWING.get(attribute, ()) and _is_in_block_of(cause, each, nameless)
            for attribute, cause in causes
            if cause is not each
        )
        is_renamed = UNNAMED in each.subject
        if each in wrong or not (follows or _place(each, nameless, is_renamed=is_renamed) in replaced):
            yield each


def _place(finding: Finding, nameless: Container[Location | None], *, is_renamed: bool) -> tuple[object, str]:
    """Return the place of an attribute: the line of its block, if the block's name was replaced."""
    block = finding.location if is_renamed and finding.location in nameless else finding.subject
    return block, _attribute(finding.subject)


def _is_in_block_of(cause: Finding, finding: Finding, nameless: Container[Location | None]) -> bool:
    """Return whether a finding is about the block of the cause, or about a part of it."""
    block = cause.subject.rpartition(".")[0]
    if finding.subject == block or finding.subject.startswith(f"{block}."):
        return True
    is_renamed = UNNAMED in finding.subject and cause.location in nameless
    return is_renamed and finding.location == cause.location


def _misses(finding: Finding) -> bool:
    """Return whether a finding says that an attribute names something that does not exist."""
    return _MISSES.get(finding.rule) == _attribute(finding.subject)


def _attribute(subject: str) -> str:
    """Return the class and the name of the attribute that a subject names: `role.volumes`."""
    if subject.startswith("flow "):
        return "flow"
    *before, name = subject.split(".")
    blocks = (word.partition(" ")[0] for word in reversed(before))
    return f"{next((word for word in blocks if word in _BLOCKS), '')}.{name}"
