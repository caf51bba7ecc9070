"""Hypothesis strategies for topologies, environments, and the edits of users.

    @given(strategies.topologies())
    def test_whatever_i_declare_converges(topology): ...

Needs `hypothesis`, which only tests install.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from attrs import evolve
from hypothesis import strategies as st

from portinfra.model.environment import Environment
from portinfra.model.recovery import (
    ACCEPTS,
    OCCASIONS,
    STANDBYS,
    TAKEOVERS,
    Action,
    DataPolicy,
    DrillSettings,
    EvidenceCopy,
    Probe,
    RecoveryPlan,
    Wave,
)
from portinfra.model.resources import Volume
from portinfra.model.service import BALANCES, Service, Tls
from portinfra.model.topology import DELIVERIES, INTERNET, Flow, Role, Topology, allow

ROLE_NAMES = ("web", "app", "db", "cache", "proxy-card")
"""The names of roles. Each has a slot of its own, so that an edit from any topology to any other moves no
subnet.
"""

SIZES = ("small", "medium")
IMAGES = ("debian-12", "ubuntu-24.04")
VOLUME_NAMES = ("data", "log")
SERVICE_NAMES = ("api", "feed")


@st.composite
def volumes(draw: st.DrawFn) -> Volume:
    """Draw a small volume. Placement decides its zone and host."""
    name = draw(st.sampled_from(VOLUME_NAMES))
    return Volume(
        name,
        draw(st.integers(1, 3)),
        mount=draw(st.sampled_from(["", f"/srv/{name}"])),
        key=draw(st.sampled_from([None, None, "alias/own"])),
        tags=draw(_tags()),
    )


def roles(name: str, max_hosts: int = 4) -> st.SearchStrategy[Role]:
    """Draw a role with this name, in its own slot."""
    return st.builds(
        Role,
        st.just(name),
        count=st.integers(0, max_hosts),
        size=st.sampled_from(SIZES),
        image=st.sampled_from([IMAGES[0], *IMAGES]),
        disk_gib=st.sampled_from([20, 20, 30]),
        ssh_keys=st.lists(st.just("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada"), max_size=1),
        user_data=st.sampled_from(["", "#!/bin/sh\nexit 0\n"]),
        max_unavailable=st.integers(1, 2),
        ready=st.sampled_from([(), (), (), "true"]),
        ready_limit=st.sampled_from(["5m", "1m"]),
        native=st.sampled_from([{}, {"fake": {"host_group": "a"}}]),
        waive=st.sampled_from([{}, {"check/fewer-than-three": "a test"}]),
        public=st.sampled_from(["", "customers"]),
        volumes=_several_volumes(),
        tags=_tags(),
        slot=st.just(ROLE_NAMES.index(name)),
        offers=services(name),
    )


def services(role: str) -> st.SearchStrategy[list[Service]]:
    """Draw the services of the role with this name: none or a few, each with its own ports."""
    every = [
        _service(f"{role}-{name}", ROLE_NAMES.index(role) * len(SERVICE_NAMES) + number)
        for number, name in enumerate(SERVICE_NAMES)
    ]
    several = st.tuples(*every).flatmap(lambda drawn: st.lists(st.sampled_from(drawn), unique_by=_name_of))
    return st.one_of(st.just([]), several)


@st.composite
def _service(draw: st.DrawFn, name: str, number: int) -> Service:
    every: list[Tls] = ["proxy", "proxy", "app"]  # `none` is an error unless it is waived
    tls = draw(st.sampled_from(every))
    own = st.none() | st.just(18_000 + number) if tls == "proxy" else st.none()
    return Service(
        name,
        tcp=8443 + number,
        local_port=8001 + number,
        app_port=draw(own),
        health=draw(st.sampled_from(["", "/health", "/ready?deep=1"])),
        health_port=draw(st.none() | st.just(19_000 + number)) if tls == "proxy" else None,
        tls=tls,
        balance=draw(st.sampled_from(BALANCES)),
    )


def _name_of(service: Service) -> str:
    return service.name


@st.composite
def topologies(draw: st.DrawFn, max_roles: int = 4, max_hosts: int = 4) -> Topology:
    """Draw a valid topology named `sample`. Any of them may become any other."""
    names = draw(st.lists(st.sampled_from(ROLE_NAMES), max_size=max_roles, unique=True))
    declared = [draw(roles(name, max_hosts)) for name in names]
    several = draw(st.lists(flows(declared), max_size=6)) if declared else []
    retired = draw(st.sampled_from([{}, {"old": len(ROLE_NAMES)}]))
    delivery = draw(st.sampled_from(DELIVERIES))
    return Topology("sample", declared, several, draw(_tags()), retired, delivery)


def environments() -> st.SearchStrategy[Environment]:
    """Draw an environment of the simulator."""
    return st.builds(
        Environment,
        st.just("production"),
        on=st.just("fake:us-east-1"),
        account=st.just("111122223333"),
        cidr=st.sampled_from(["10.10.0.0/16", "172.16.0.0/16", "192.168.0.0/17"]),
        key=st.sampled_from([None, "alias/sample"]),
        subnet_prefix=st.sampled_from([24, 25]),
        zones=st.sampled_from([(), ("us-east-1a", "us-east-1b", "us-east-1c")]),
        sizes=st.sampled_from([{}, {"medium": "large"}]),
        images=st.sampled_from([{}, {"ubuntu-24.04": "debian-12"}]),
        keys=st.sampled_from([{}, {"alias/own": "alias/others"}]),
        credentials=st.sampled_from([{}, {"profile": "operations"}]),
        tags=_tags(),
        calls_per_minute=st.sampled_from([{}, {"launch": 600}]),
    )


def targets() -> st.SearchStrategy[Environment]:
    """Draw another environment of the simulator, as the target of a recovery of `environments`."""
    return st.builds(
        Environment,
        st.just("recovery"),
        on=st.just("fake:eu-west-1"),
        account=st.just("444455556666"),
        cidr=st.just("10.20.0.0/16"),
        key=st.just("alias/recovery"),
    )


def _probes(stores: Sequence[str], services: Sequence[str]) -> st.SearchStrategy[Probe]:
    """Draw a probe that passes. It names the data that it reads and the services that it calls."""
    reads, calls = (
        st.lists(st.sampled_from(names), unique=True) if names else st.just([])
        for names in (stores, services)
    )
    return st.builds(Probe, st.just("it answers"), st.just("true"), reads, calls=calls)


@st.composite
def recoveries(draw: st.DrawFn, topology: Topology) -> RecoveryPlan:
    """Draw a valid recovery plan of the topology, with every role in a wave and hooks that pass.

    Its source is `environments()`, which needs a key if a volume has none. Its target is `targets()`.
    """
    order = draw(st.permutations([role.name for role in topology.roles]))
    cut = draw(st.integers(0, len(order)))
    together = [names for names in (order[:cut], order[cut:]) if names]
    stores = [role.name for role in topology.roles if role.volumes]
    some = draw(st.lists(st.sampled_from(stores), unique=True)) if stores else []
    policy = draw(_policies())  # one schedule for all: the volumes may be in one group
    group = draw(st.sampled_from(["", "all"]))
    standby: Literal["off", "running"] = draw(st.sampled_from(STANDBYS))
    drill = draw(st.none() | st.just(DrillSettings(cidr="10.40.0.0/16", every="90d")))
    return RecoveryPlan(
        topology.name,
        "production",
        "recovery",
        rpo="1h",
        rto="1h",
        waves=[Wave(names, draw(_hooks()), draw(st.sampled_from(["5m", "30m", "1h"]))) for names in together],
        data=[evolve(policy, of=name, group=group) for name in some],
        actions=draw(st.lists(_actions(order), max_size=1)),
        probes=draw(
            st.lists(
                _probes(sorted({*stores} & {*order}), [each.name for _, each in topology.services]),
                max_size=1,
            )
        ),
        accept=draw(st.sampled_from(ACCEPTS)),
        signers=draw(st.lists(st.just("zxAdujw16d51eEsTZUQlEYU+hgWv/JSaac/0cMVqWAQ="), max_size=1)),
        notify=draw(st.lists(st.just("true"), max_size=1)),
        drill=drill,
        drill_cidr="" if drill else draw(st.sampled_from(["", "10.30.0.0/16"])),
        evidence=draw(st.none() | st.just(EvidenceCopy("vault:shop/evidence", "copies.conf"))),
        standby=standby,
        refresh_every=draw(st.sampled_from(["", "30d"])) if standby == "running" else "",
        drill_limit=draw(st.sampled_from(["4h", "6h"])),
        approve=draw(st.sampled_from([[], ["failover"], ["failover", "failback"]])),
        lock=draw(st.sampled_from(["", "7d"])),
        keep_overwritten=draw(st.sampled_from(["7d", "", "1h"])),
        contacts=draw(st.lists(st.just("Ada, +44 20 7946 0000"), max_size=1)),
    )


@st.composite
def flows(draw: st.DrawFn, declared: Iterable[Role]) -> Flow:
    """Draw traffic between these roles, to a service or a port, or between public ones and the internet."""
    declared = list(declared)
    calls = [
        allow(source.name, service, why="drawn")
        for source in declared
        for target in declared
        for service in target.offers
        if source.name != target.name and target.count
    ]
    if draw(st.booleans()) and calls:
        return draw(st.sampled_from(calls))
    public = [role.name for role in declared if role.public]
    names = [role.name for role in declared]
    source = draw(st.sampled_from([*names, "203.0.113.0/24"] if public else names))
    target = draw(st.sampled_from([*public, INTERNET] if source in public else names))
    if "/" in source:
        target = draw(st.sampled_from(public))
    port = draw(st.integers(1, 65535))
    last = draw(st.integers(port, min(65535, port + 10)))
    if draw(st.booleans()):
        return allow(source, target, tcp=f"{port}-{last}", why="drawn")
    return allow(source, target, udp=port, icmp=draw(st.booleans()), why="drawn")


@st.composite
def edits(draw: st.DrawFn, topology: Topology, max_hosts: int = 4) -> Topology:
    """Draw a topology after one change by a user: of a role, a volume, a flow, tags, or a name."""
    topology = _pin_slots(topology)
    ways: list[Callable[[st.DrawFn, Topology], Topology]] = [_with_other_tags]
    if topology.roles:
        ways += [_with_a_role_changed, _with_other_volumes, _with_a_role_renamed, _without_a_role]
        ways += [_with_one_flow_more, _without_a_flow, _with_other_services]
    if _free_names(topology):
        ways.append(_with_a_role_more)
    return _without_invalid_flows(draw(st.sampled_from(ways))(draw, topology))


@st.composite
def histories(draw: st.DrawFn, max_edits: int = 4) -> list[Topology]:
    """Draw a topology with at least one role, and its versions after one edit after the other."""
    history = [draw(topologies().filter(lambda topology: topology.roles))]
    for _ in range(draw(st.integers(1, max_edits))):
        history.append(draw(edits(history[-1]).filter(lambda topology: topology.roles)))
    return history


def _pin_slots(topology: Topology) -> Topology:
    """Return the topology with the current slot of each role pinned, so that an edit moves no other role."""
    roles = [evolve(r, slot=n if r.slot is None else r.slot) for n, r in enumerate(topology.roles)]
    return evolve(topology, roles=roles)


def _several_volumes() -> st.SearchStrategy[list[Volume]]:
    return st.lists(volumes(), max_size=2, unique_by=lambda volume: volume.name)


def _hooks() -> st.SearchStrategy[list[str]]:
    return st.lists(st.just("true"), max_size=1)


def _policies() -> st.SearchStrategy[DataPolicy]:
    return st.builds(
        DataPolicy,
        of=st.just("any"),
        engine=st.sampled_from(["", "native"]),
        freeze_limit=st.sampled_from(["30s", "1m"]),
        sensitive=st.booleans(),
        schedule=st.sampled_from(["", "30m", "1h"]),
        seed=st.sampled_from(["each", "one"]),
        before=_hooks(),
        after=_hooks(),
        keep=st.integers(1, 3)
        | st.fixed_dictionaries({"last": st.integers(1, 3), "daily": st.integers(0, 2)}),
        retention=st.none(),
    )


def _actions(names: Iterable[str]) -> st.SearchStrategy[Action]:
    """Draw an action: a command on any occasion, or a manual step of a takeover."""
    after, limit = st.sampled_from(["", *names]), st.sampled_from(["4h", "30m"])

    def on(occasions: Iterable[str]) -> st.SearchStrategy[list[str]]:
        return st.lists(st.sampled_from([*occasions]), min_size=1, unique=True)

    command = st.builds(Action, st.just("act"), st.just("true"), on(OCCASIONS), after, limit=limit)
    step = st.builds(Action, st.just("act"), on=on(TAKEOVERS), after=after, manual=st.just(True), limit=limit)
    return command | step


def _tags() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(["team", "stage"]), st.sampled_from(["blue", "red"]))


def _some_role(draw: st.DrawFn, topology: Topology) -> Role:
    return draw(st.sampled_from(topology.roles))


def _with_a_role_changed(draw: st.DrawFn, topology: Topology) -> Topology:
    role = _some_role(draw, topology)
    changes: dict[str, st.SearchStrategy[Any]] = {
        "count": st.integers(0, 4),
        "size": st.sampled_from(SIZES),
        "image": st.sampled_from(IMAGES),
        "disk_gib": st.sampled_from([20, 30]),
        "public": st.sampled_from(["", "customers"]),
        "tags": _tags(),
    }
    name = draw(st.sampled_from(sorted(changes)))
    return topology.with_role(evolve(role, **dict[str, Any]({name: draw(changes[name])})))


def _with_other_volumes(draw: st.DrawFn, topology: Topology) -> Topology:
    return topology.with_role(evolve(_some_role(draw, topology), volumes=draw(_several_volumes())))


def _with_other_services(draw: st.DrawFn, topology: Topology) -> Topology:
    role = _some_role(draw, topology)
    named = role.name if role.name in ROLE_NAMES else role.renamed_from
    return topology.with_role(evolve(role, offers=draw(services(named)) if named in ROLE_NAMES else ()))


def _with_a_role_renamed(draw: st.DrawFn, topology: Topology) -> Topology:
    old = _some_role(draw, topology)
    new = evolve(old, name=f"{old.name}-x" if len(old.name) < 20 else old.name[:3], renamed_from=old.name)
    if any(role.name == new.name for role in topology.roles):
        return topology

    def rename(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new.name if name == old.name else name for name in names)

    return evolve(
        topology,
        roles=[new if role.name == old.name else role for role in topology.roles],
        flows=[
            evolve(flow, sources=rename(flow.sources), targets=rename(flow.targets))
            for flow in topology.flows
        ],
    )


def _without_a_role(draw: st.DrawFn, topology: Topology) -> Topology:
    gone = _some_role(draw, topology)
    return evolve(topology, roles=[role for role in topology.roles if role.name != gone.name])


def _with_a_role_more(draw: st.DrawFn, topology: Topology) -> Topology:
    new = draw(roles(draw(st.sampled_from(_free_names(topology)))))
    return evolve(topology, roles=[*topology.roles, new])


def _free_names(topology: Topology) -> list[str]:
    """Return the unused names whose slot is unused too, now and in the past."""
    slots = {role.slot for role in topology.roles}
    names = {role.name for role in topology.roles} | {role.renamed_from for role in topology.roles}
    return [name for slot, name in enumerate(ROLE_NAMES) if slot not in slots and name not in names]


def _with_one_flow_more(draw: st.DrawFn, topology: Topology) -> Topology:
    return evolve(topology, flows=[*topology.flows, draw(flows(topology.roles))])


def _without_a_flow(draw: st.DrawFn, topology: Topology) -> Topology:
    if not topology.flows:
        return topology
    gone = draw(st.integers(0, len(topology.flows) - 1))
    return evolve(topology, flows=[flow for number, flow in enumerate(topology.flows) if number != gone])


def _with_other_tags(draw: st.DrawFn, topology: Topology) -> Topology:
    return evolve(topology, tags=draw(_tags()))


def _without_invalid_flows(topology: Topology) -> Topology:
    """Return the topology without flows that its edits made invalid.

    These are flows of removed roles or services, flows to services without a host, and flows of private roles
    to and from the internet.
    """
    names = {role.name for role in topology.roles}
    public = {role.name for role in topology.roles if role.public}
    served = {service.name for role, service in topology.services if role.count}

    def possible(flow: Flow) -> bool:
        ends = {*flow.sources, *flow.targets}
        outside = {end for end in ends if end == INTERNET or "/" in end}
        is_served = not flow.service or flow.service in served
        return is_served and bool(flow.targets) and ends - outside <= (public if outside else names)

    return evolve(topology, flows=[flow for flow in topology.flows if possible(flow)])
