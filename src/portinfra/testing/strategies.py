"""Hypothesis strategies: topologies, environments, and what one may be changed into.

    @given(strategies.topologies())
    def test_whatever_i_declare_converges(topology): ...

Needs `hypothesis`, which only tests install.
"""

from hypothesis import strategies as st

from portinfra.model.environment import Environment
from portinfra.model.resources import Volume
from portinfra.model.topology import INTERNET, Flow, Role, Topology, allow

ROLE_NAMES = ("web", "app", "db", "cache", "proxy-card")
"""Each has a slot of its own, so that any topology may become any other without moving a subnet."""


@st.composite
def volumes(draw: st.DrawFn) -> Volume:
    """A small volume; which key, zone and host it has is up to placement."""
    name = draw(st.sampled_from(["data", "log"]))
    return Volume(name, draw(st.integers(1, 3)), mount=draw(st.sampled_from(["", f"/srv/{name}"])))


def roles(name: str, max_hosts: int = 4) -> st.SearchStrategy[Role]:
    """A role of that name, in its own slot."""
    return st.builds(
        Role,
        st.just(name),
        count=st.integers(0, max_hosts),
        size=st.sampled_from(["small", "medium"]),
        image=st.sampled_from(["debian-12", "debian-12", "ubuntu-24.04"]),
        public=st.sampled_from(["", "customers"]),
        volumes=st.lists(volumes(), max_size=2, unique_by=lambda volume: volume.name),
        tags=st.dictionaries(st.sampled_from(["team", "stage"]), st.sampled_from(["blue", "red"])),
        slot=st.just(ROLE_NAMES.index(name)),
    )


@st.composite
def topologies(draw: st.DrawFn, max_roles: int = 4, max_hosts: int = 4) -> Topology:
    """A valid topology named `sample`, any of which may become any other."""
    names = draw(st.lists(st.sampled_from(ROLE_NAMES), max_size=max_roles, unique=True))
    declared = [draw(roles(name, max_hosts)) for name in names]
    flows = draw(st.lists(_flows(declared), max_size=6)) if declared else []
    return Topology("sample", declared, flows)


def environments() -> st.SearchStrategy[Environment]:
    """A place on the built-in cloud."""
    return st.builds(
        Environment,
        st.just("production"),
        on=st.just("fake:us-east-1"),
        account=st.just("111122223333"),
        cidr=st.sampled_from(["10.10.0.0/16", "172.16.0.0/16", "192.168.0.0/17"]),
        key=st.sampled_from([None, "alias/sample"]),
        subnet_prefix=st.sampled_from([24, 25]),
    )


@st.composite
def _flows(draw: st.DrawFn, declared: list[Role]) -> Flow:
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
