"""Checks of Python types. Each wrong value is reported, then replaced by its default for the other checks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from attrs import evolve

from portinfra.model import annotations
from portinfra.model.annotations import kind_of, what_it_is
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.schema import Attribute, Kind, attributes, following_attributes, label
from portinfra.model.topology import Flow, Topology
from portinfra.validation.characters import character_findings

V = TypeVar("V")
Check = tuple[str, Callable[[object], bool]]
"""What a value must be, in words, and a function that returns whether it is."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of(kind: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple | list) and all(kind(item) for item in value)


def _is_map_of(kind: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, Mapping) and all(isinstance(key, str) and kind(item) for key, item in value.items())
    )


def _is_ports(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(map(_is_number, value))
        and 1 <= value[0] <= value[1]
    )


def _is_hook(value: object) -> bool:
    return isinstance(value, str) or callable(value)


_FITS: Mapping[Kind, Callable[[object], bool]] = {
    Kind.TEXT: _is_text,
    Kind.NUMBER: _is_number,
    Kind.SWITCH: lambda value: isinstance(value, bool),
    Kind.TEXTS: _is_list_of(_is_text),
    Kind.TEXT_MAP: _is_map_of(_is_text),
    Kind.NUMBER_MAP: _is_map_of(_is_number),
    Kind.OPTIONS: _is_map_of(lambda value: True),
    Kind.MAPS: _is_map_of(lambda value: isinstance(value, Mapping)),
    Kind.PORTS: _is_list_of(_is_ports),
    Kind.HOOK: _is_hook,
    Kind.HOOKS: _is_list_of(_is_hook),
    Kind.FUNCTION: callable,
}
"""Kind → a function that returns whether a value fits. Parts are checked one by one; other values by their
annotation.
"""


def checks(of: type[Any]) -> Mapping[str, Check]:
    """Return what each attribute of a declared class must be, by its name."""
    return {each.name: _check(each) for each in attributes(of) if each.kind is not Kind.PARTS}


def _check(attribute: Attribute) -> Check:
    if attribute.kind is Kind.OTHER:
        known = attribute.annotation
        return annotations.in_words(known), lambda value: annotations.fits(value, known)

    def fits(value: object) -> bool:
        if value is None:
            return attribute.may_be_none
        if attribute.kind is Kind.PART:
            return isinstance(value, attribute.part or object)
        return _FITS[attribute.kind](value) and (bool(value) or not attribute.metadata.get("filled"))

    return attribute.words, fits


def sound_topology(topology: Topology, findings: list[Finding]) -> Topology:
    """Return the topology without values of a wrong type, and report each.

    Flows with such a value, or that name such a role, are left out: no value can replace an end of a flow.
    """
    nameless = [each.name for each in (*topology.roles, *_services(topology)) if hasattr(each, "name")]
    nameless = [name for name in nameless if not isinstance(name, str)]
    kept = []
    for flow in topology.flows:
        found: list[Finding] = []
        if isinstance(flow, Flow):
            sound(flow, flow_subject(flow), "topology", found)
            if found and any(name is peer for name in nameless for peer in _names_in(flow)):
                continue
        findings += found
        if not found:
            kept.append(flow)
    if len(kept) < len(topology.flows):
        topology = evolve(topology, flows=kept)
    return sound(topology, f"topology.{topology.name}", "topology", findings)


def _services(topology: Topology) -> Iterator[Any]:
    for role in topology.roles:
        yield from getattr(role, "offers", ())


def _names_in(flow: Flow) -> Iterator[object]:
    for value in (flow.sources, flow.targets, (flow.service,)):
        yield from value if isinstance(value, tuple | list) else (value,)


def sound_environment(environment: Environment, findings: list[Finding]) -> Environment:
    """Return the environment without values of a wrong type, and report each."""
    return sound(environment, f"environment.{environment.name}", "environment", findings)


def sound_recovery(recovery: RecoveryPlan, findings: list[Finding]) -> RecoveryPlan:
    """Return the recovery plan without values of a wrong type, and report each."""
    return sound(recovery, f"recovery.{recovery.name}", "recovery", findings)


def sound(value: V, subject: str, area: str, findings: list[Finding]) -> V:
    """Return a declared value without wrong types, in its parts too; each is a finding `AREA/wrong-type`."""
    lists = [each for each in attributes(type(value)) if each.kind is Kind.PARTS]
    parts: dict[str, Any] = {}
    for each in lists:
        given = getattr(value, each.name)
        wrong = [part for part in given if not isinstance(part, each.part or object)]
        findings += _wrong_class_findings(value, each, wrong, subject, area)
        parts[each.name] = [part for part in given if isinstance(part, each.part or object)]
    for each in lists:
        parts[each.name] = [
            sound(part, part_subject(value, subject, each, part, number), area, findings)
            for number, part in enumerate(parts[each.name], 1)
        ]
    for each in attributes(type(value)):
        if each.kind is Kind.PART and isinstance(part := getattr(value, each.name), each.part or object):
            parts[each.name] = sound(part, f"{subject}.{each.block}", area, findings)
    return _sound_itself(_evolve(value, parts), subject, area, findings)


def flow_subject(flow: Flow) -> str:
    """Return how messages name a flow. The name of a service that no role offers replaces its targets."""
    unknown = flow.service if not flow.targets and isinstance(flow.service, str) else ""
    return f"flow {_peers(flow.sources)} → {unknown or _peers(flow.targets)}"


def _peers(names: Any) -> str:
    return ", ".join(map(str, names)) if isinstance(names, tuple | list) else str(names)


def part_subject(owner: Any, subject: str, attribute: Attribute, part: Any, number: int) -> str:
    """Return how findings name a part. Parts of a topology are named without its name."""
    if isinstance(part, Flow):
        return flow_subject(part)
    outer = "" if isinstance(owner, Topology) else f"{subject}."
    named = label(type(part))
    return f"{outer}{attribute.block}" + (f".{getattr(part, named.name)}" if named else f" {number}")


def _sound_itself(value: V, subject: str, area: str, findings: list[Finding]) -> V:
    """Return the value with a stand-in for each attribute with a wrong type or a wrong character."""
    stand_ins: dict[str, Any] = {}
    known = checks(type(value))
    location = cast(Any, value).location
    given = [each.name for each in attributes(type(value)) if getattr(value, each.name)]
    following = following_attributes(type(value), given)
    for each in attributes(type(value)):
        if each in following:
            continue
        held, where = getattr(value, each.name), f"{subject}.{each.name}"
        if each.name in known and not known[each.name][1](held):
            words = known[each.name][0]
            is_one = each.kind is Kind.PORTS and isinstance(held, tuple) and len(held) == 1
            message = f"must be {words}, and is {what_it_is(held[0] if is_one else held)}"
            fix = f"Give {each.name} as {words}."
            wrong = [Finding(f"{area}/wrong-type", message, fix, subject=where, location=location)]
        elif each.is_label:  # the rules for names allow few characters
            continue
        else:
            secret = bool(each.metadata.get("secret"))
            wrong = list(character_findings(held, where, area, location, secret=secret))
        if wrong:
            findings += wrong
            stand_ins[each.name] = each.stand_in()
    return _evolve(value, stand_ins)


def _evolve(value: V, changes: Mapping[str, Any]) -> V:
    """Return the value with other attributes. mypy cannot check them for any class."""
    return cast(V, evolve(cast(Any, value), **changes)) if changes else value


def _wrong_class_findings(
    owner: Any, attribute: Attribute, wrong: list[Any], subject: str, area: str
) -> Iterator[Finding]:
    """Yield a finding for items of a list that have the wrong class."""
    if wrong and attribute.part:
        example = attribute.metadata["example"]
        yield Finding(
            f"{area}/wrong-type",
            f"contains a value that is {' and '.join(sorted({kind_of(value) for value in wrong}))}",
            f"Each must be a {attribute.part.__name__}, made by {example}.",
            subject=f"{subject}.{attribute.name}",
            location=owner.location,
        )
