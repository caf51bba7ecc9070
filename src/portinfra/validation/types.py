"""Wrong Python types: each is reported, then replaced by its default so that other checks need not care."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from attrs import NOTHING, Factory, evolve, fields

from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.recovery import Action, DataPolicy, Probe, RecoveryPlan, Wave
from portinfra.model.resources import Volume
from portinfra.model.topology import Flow, Role, Topology
from portinfra.model.vault import Vault

V = TypeVar(
    "V", Topology, Role, Flow, Volume, Environment, RecoveryPlan, Wave, DataPolicy, Action, Probe, Vault
)
Check = tuple[str, Callable[[Any], bool]]
"""What a value must be, in words, and whether it is."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple | list) and all(kind(item) for item in value)


def _is_map_of(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping) and all(isinstance(key, str) and kind(item) for key, item in value.items())
    )


def _is_ports(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(map(_is_number, value))
        and 1 <= value[0] <= value[1]
    )


def or_none(check: Check) -> Check:
    """Return the same check, which None passes, too."""
    return check[0] + " or None", lambda value: value is None or check[1](value)


TEXT: Check = ("text", _is_text)
NUMBER: Check = ("a whole number", _is_number)
SWITCH: Check = ("True or False", lambda value: isinstance(value, bool))
TEXTS: Check = ("a list of texts", _is_list_of(_is_text))
ROLE_NAMES: Check = ("the names of roles, one at least", lambda value: TEXTS[1](value) and len(value) > 0)
TAGS: Check = ("a mapping of text to text", _is_map_of(_is_text))
MAPS: Check = ("a mapping of names to mappings", _is_map_of(lambda value: isinstance(value, Mapping)))
PORTS: Check = ("ports between 1 and 65535, as allow() makes them", _is_list_of(_is_ports))
ANY: Check = ("anything", lambda value: True)
HOOK: Check = ("a command or a Python function", lambda value: isinstance(value, str) or callable(value))
HOOKS: Check = ("commands or Python functions", _is_list_of(HOOK[1]))

ROLE: Mapping[str, Check] = {
    "name": TEXT,
    "count": NUMBER,
    "size": TEXT,
    "image": TEXT,
    "disk_gib": NUMBER,
    "public": TEXT,
    "ssh_keys": TEXTS,
    "user_data": TEXT,
    "tags": TAGS,
    "slot": or_none(NUMBER),
    "renamed_from": or_none(TEXT),
    "protect": SWITCH,
    "max_unavailable": NUMBER,
    "ignore": TEXTS,
    "native": MAPS,
    "waive": TAGS,
}
VOLUME: Mapping[str, Check] = {
    "name": TEXT,
    "gib": NUMBER,
    "mount": TEXT,
    "key": or_none(TEXT),
    "source": or_none(TEXT),
    "protect": SWITCH,
    "tags": TAGS,
}
FLOW: Mapping[str, Check] = {
    "sources": TEXTS,
    "targets": TEXTS,
    "tcp": PORTS,
    "udp": PORTS,
    "icmp": SWITCH,
    "why": TEXT,
}
TOPOLOGY: Mapping[str, Check] = {"name": TEXT, "tags": TAGS}
ENVIRONMENT: Mapping[str, Check] = {
    "name": TEXT,
    "on": TEXT,
    "account": TEXT,
    "cidr": TEXT,
    "key": or_none(TEXT),
    "zones": TEXTS,
    "sizes": TAGS,
    "images": TAGS,
    "keys": TAGS,
    "roles": MAPS,
    "credentials": TAGS,
    "tags": TAGS,
    "subnet_prefix": NUMBER,
    "dns": ("a function of names and addresses", lambda value: value is None or callable(value)),
}
RECOVERY: Mapping[str, Check] = {
    "name": TEXT,
    "source": TEXT,
    "target": TEXT,
    "rpo": TEXT,
    "rto": TEXT,
    "vault": ("a Vault", lambda value: value is None or isinstance(value, Vault)),
    "drill_cidr": TEXT,
    "drill_limit": TEXT,
    "contacts": TEXTS,
    "without": TEXTS,
}
WAVE: Mapping[str, Check] = {"roles": ROLE_NAMES, "gates": HOOKS, "limit": TEXT}
DATA: Mapping[str, Check] = {
    "of": TEXT,
    "engine": TEXT,
    "schedule": TEXT,
    "group": TEXT,
    "seed": TEXT,
    "before": HOOKS,
    "after": HOOKS,
    "freeze_limit": TEXT,
    "retention": NUMBER,
    "sensitive": SWITCH,
}
ACTION: Mapping[str, Check] = {"name": TEXT, "run": HOOK, "on": TEXTS, "after": TEXT}
PROBE: Mapping[str, Check] = {"name": TEXT, "run": HOOK}

VAULT: Mapping[str, Check] = {
    **dict.fromkeys(("remote", "endpoint", "sender", "receiver", "recipient", "identity", "password"), TEXT),
    **dict.fromkeys(("host_key", "cidr", "size", "image", "limit"), TEXT),
    "native": MAPS,
    "blocks": TEXTS,
}

STAND_INS: Mapping[type, Mapping[str, Any]] = {
    Role: {"name": "unnamed"},
    Volume: {"name": "unnamed", "gib": 1},
    Flow: {"sources": (), "targets": (), "icmp": True},
    Topology: {"name": "unnamed"},
    Environment: {"name": "unnamed", "on": "unknown:unknown"},
    RecoveryPlan: {"name": "unnamed", "source": "", "target": "", "rpo": "1h", "rto": "1h"},
    Wave: {"roles": ()},
    DataPolicy: {"of": "unnamed"},
    Action: {"name": "unnamed", "run": "true"},
    Probe: {"name": "unnamed", "run": "true"},
    Vault: {"remote": "unnamed:", "endpoint": "192.0.2.1:22", "sender": "unnamed", "receiver": "unnamed"},
}
"""What stands for a value of the wrong type where the model has no default: it passes the other checks."""

_ARTICLES = {
    str: "text",
    int: "a whole number",
    float: "a number with a fraction",
    bool: "True or False",
    type(None): "None",
}


def in_words(value: Any) -> str:
    """What a value is, without showing it: it may be a secret."""
    return _ARTICLES.get(type(value), f"of type {type(value).__name__}")


def sound_topology(topology: Topology, findings: list[Finding]) -> Topology:
    """The topology without what has the wrong type, each reported."""
    subject = f"topology.{topology.name}"
    roles = _members(topology.roles, Role, subject, "roles", topology, findings)
    flows = _members(topology.flows, Flow, subject, "flows", topology, findings)
    whole = evolve(
        topology,
        roles=[_sound_role(role, findings) for role in roles],
        flows=[_sound(flow, FLOW, flow_subject(flow), "topology", findings) for flow in flows],
    )
    return _sound(whole, TOPOLOGY, subject, "topology", findings)


def sound_environment(environment: Environment, findings: list[Finding]) -> Environment:
    """The environment without what has the wrong type, each reported."""
    return _sound(environment, ENVIRONMENT, f"environment.{environment.name}", "environment", findings)


def sound_recovery(recovery: RecoveryPlan, findings: list[Finding]) -> RecoveryPlan:
    """The recovery plan without what has the wrong type, each reported."""
    subject = f"recovery.{recovery.name}"
    data = _members(recovery.data, DataPolicy, subject, "data", recovery, findings)
    actions = _members(recovery.actions, Action, subject, "actions", recovery, findings)
    probes = _members(recovery.probes, Probe, subject, "probes", recovery, findings)
    waves = [
        _sound(wave, WAVE, f"{subject}.wave {number}", "recovery", findings)
        for number, wave in enumerate(recovery.waves, 1)
    ]
    whole = evolve(
        recovery,
        waves=waves,
        data=[_sound(each, DATA, f"{subject}.data.{each.of}", "recovery", findings) for each in data],
        actions=[_sound(a, ACTION, f"{subject}.action.{a.name}", "recovery", findings) for a in actions],
        probes=[_sound(p, PROBE, f"{subject}.probe.{p.name}", "recovery", findings) for p in probes],
    )
    if isinstance(whole.vault, Vault):
        whole = evolve(whole, vault=_sound(whole.vault, VAULT, f"{subject}.vault", "recovery", findings))
    return _sound(whole, RECOVERY, subject, "recovery", findings)


def flow_subject(flow: Flow) -> str:
    """How a flow is called, which has no name."""
    return f"flow {_peers(flow.sources)} → {_peers(flow.targets)}"


def _peers(names: Any) -> str:
    return ", ".join(map(str, names)) if isinstance(names, tuple | list) else str(names)


def _sound_role(role: Role, findings: list[Finding]) -> Role:
    subject = f"role.{role.name}"
    volumes = _members(role.volumes, Volume, subject, "volumes", role, findings)
    whole = evolve(
        role,
        volumes=[_sound(v, VOLUME, f"{subject}.volume.{v.name}", "topology", findings) for v in volumes],
    )
    return _sound(whole, ROLE, subject, "topology", findings)


def _sound(value: V, table: Mapping[str, Check], subject: str, area: str, findings: list[Finding]) -> V:
    wrong = {name: check for name, check in table.items() if not check[1](getattr(value, name))}
    for name, (words, _) in wrong.items():
        findings.append(
            Finding(
                f"{area}/wrong-type",
                f"must be {words}, and is {what_it_is(getattr(value, name))}",
                f"Give {name} as {words}.",
                subject=f"{subject}.{name}",
                location=value.location,
            )
        )
    return evolve(value, **{name: _stand_in(type(value), name) for name in wrong}) if wrong else value


def what_it_is(value: Any) -> str:
    """What a value is, without showing it; of a collection, also what it holds."""
    if isinstance(value, Mapping):
        held = sorted({in_words(item) for pair in value.items() for item in pair})
        return f"a mapping that holds {' and '.join(held)}"
    if isinstance(value, tuple | list):
        if not value:
            return "an empty list"
        return f"a list that holds {' and '.join(sorted({in_words(item) for item in value}))}"
    return in_words(value)


def _stand_in(kind: type[Any], name: str) -> Any:
    if name in STAND_INS[kind]:
        return STAND_INS[kind][name]
    default = getattr(fields(kind), name).default
    assert default is not NOTHING, name
    return cast(Any, default).factory() if isinstance(default, Factory) else default  # type: ignore[arg-type]


M = TypeVar("M", Role, Flow, Volume, DataPolicy, Action, Probe)
_MAKERS: Mapping[type, str] = {
    Role: 'Role("web")',
    Flow: 'allow("web", "app", tcp=443)',
    Volume: 'Volume("data", gib=100)',
    DataPolicy: 'DataPolicy("db")',
    Action: 'Action("promote", run="./promote")',
    Probe: 'Probe("last row", run="./last-row")',
}


def _members(
    given: Iterable[Any],
    kind: type[M],
    subject: str,
    name: str,
    owner: Topology | Role | RecoveryPlan,
    findings: list[Finding],
) -> list[M]:
    """Those that are of the kind; the others are reported."""
    wrong = [value for value in given if not isinstance(value, kind)]
    if wrong:
        findings.append(
            Finding(
                f"{'recovery' if isinstance(owner, RecoveryPlan) else 'topology'}/wrong-type",
                f"holds something that is {' and '.join(sorted({in_words(value) for value in wrong}))}",
                f"Each must be a {kind.__name__}, made by {_MAKERS[kind]}.",
                subject=f"{subject}.{name}",
                location=owner.location,
            )
        )
    return [value for value in given if isinstance(value, kind)]
