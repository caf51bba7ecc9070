"""A value of a wrong type is refused at the entrance. The error names what is wrong and what would be right.

The public classes are those that `portinfra` and `portinfra.dr` export, and what `allow` and `rule` return.
A class that is new, or an attribute, is among them by itself.
"""

import attrs
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import portinfra
from portinfra import (
    Environment,
    Instance,
    RecoveryPlan,
    Role,
    Topology,
    Volume,
    allow,
    connect,
    dr,
    place,
    rule,
)
from portinfra.errors import ValidationError, WrongTypeError
from portinfra.model.annotations import fits
from portinfra.model.resources import Spec
from portinfra.model.topology import PortRange
from portinfra.policy import PolicyContext
from portinfra.reach import of
from portinfra.testing.simulation import simulate

WEB = Role("web", volumes=[Volume("data", gib=1)])
FLOW = allow("web", "web", icmp=True, why="x")
SHOP = Topology("shop", [WEB], [FLOW])
HOME = Environment("home", on="fake:us-east-1", key="alias/home")
AWAY = Environment("away", on="fake:eu-west-1", key="alias/away")
VAULT = portinfra.Vault("vault:shop", "203.0.113.7:22", "sender", "receiver", recipient="age1" + "a" * 58)
PLAN = RecoveryPlan("shop", HOME, AWAY, "1h", "1h", [[WEB]], vault=VAULT)
RULE = rule("acme/none")(lambda context: ())
PLACED = place(SHOP, HOME)
BOTH = dr.Recovery(PLAN, SHOP, HOME, AWAY)
STATUS = dr.RecoveryStatus("shop", 1, (), ())
SERVICE = portinfra.Service("payments", tcp=8443, local_port=8002)
HOST = Instance("web1", "subnet.web", "firewall.web", "us-east-1a", "10.0.0.10")
SAMPLES = [
    *(WEB, FLOW, SHOP, HOME, PLAN, VAULT, RULE, BOTH, STATUS, HOST, SERVICE, WEB.volumes[0], PLAN.waves[0]),
    portinfra.PlanOptions(),
    portinfra.DataPolicy("web"),
    portinfra.Action("tell", "true"),
    portinfra.Probe("answers", "true"),
    portinfra.DrillSettings(),
    portinfra.EvidenceCopy("vault:shop/evidence"),
    portinfra.Network("main", "10.0.0.0/16"),
    portinfra.Subnet("web", "network.main", "10.0.0.0/24", 0),
    portinfra.Firewall("web", "network.main"),
    portinfra.FirewallRules("web", "firewall.web"),
    portinfra.Attachment("web1-data", "instance.web1", "volume.data", "data"),
    portinfra.PublicAddress("web1", "instance.web1"),
    portinfra.Snapshot("data", "volume.data"),
    PolicyContext(PLACED, of(PLACED), PLACED.resources),
    dr.FailoverOptions(),
    dr.RunOptions(),
    dr.Abandoned(1, 0, 0),
    dr.Approving("failover", "", "ada", 0.0, None),
    dr.Forecast(BOTH, (), STATUS, 1, 0.0, None, "", ()),
    dr.Replicated((), 0),
    dr.RunHistory(1, "drill", "1", "2030-01-01", "passed", "here"),
    dr.Swept("1", "2030-01-01", "removed"),
]
"""One value of each public class."""

DECLARED = [type(value) for value in SAMPLES if hasattr(value, "location") and value is not RULE]
"""The classes that a declaration calls."""

ATTRIBUTES = [
    pytest.param(value, each, id=f"{type(value).__name__}.{each.name}")
    for value in SAMPLES
    for each in attrs.fields(attrs.resolve_types(type(value)))
    if each.init
]

LEAVES = st.sampled_from([None, 7, 1.5, b"bytes", object()])
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(st.sampled_from(["a", 7]), inner, min_size=1, max_size=2)
    ),
    max_leaves=3,
)


def accepts(annotation, value):
    """Whether a value is right for an attribute: by itself, or as one or all of several. 7 is a port."""
    several = tuple(value) if isinstance(value, list) else (value,)
    is_ports = annotation == tuple[PortRange, ...] and fits(several, tuple[int, ...])
    return fits(value, annotation) or fits(several, annotation) or is_ports


def use(value):
    """Give a value to the verb that takes it, as a user does."""
    match value:
        case Volume():
            place(Topology("shop", [attrs.evolve(WEB, volumes=[value])]), HOME)
        case Role():
            place(Topology("shop", [value]), HOME)
        case Topology():
            place(value, HOME)
        case Environment():
            place(SHOP, value)
        case RecoveryPlan():
            dr.recovery(SHOP, value, [HOME, AWAY])
        case Spec():
            with connect(HOME) as cloud:
                cloud.ensure(value)
        case portinfra.Vault():
            use(attrs.evolve(PLAN, vault=value))
        case portinfra.Service():
            use(attrs.evolve(WEB, offers=[value]))
        case portinfra.DrillSettings():
            use(attrs.evolve(PLAN, drill=value))
        case portinfra.EvidenceCopy():
            use(attrs.evolve(PLAN, evidence=value))
        case portinfra.Wave():
            use(attrs.evolve(PLAN, waves=[value]))
        case portinfra.DataPolicy():
            use(attrs.evolve(PLAN, data=[value]))
        case portinfra.Action():
            use(attrs.evolve(PLAN, actions=[value]))
        case portinfra.Probe():
            use(attrs.evolve(PLAN, probes=[value]))
        case _ if isinstance(value, type(FLOW)):
            use(Topology("shop", [WEB], [value]))
        case _:
            pytest.fail(f"{value} was made of a wrong value")


def test_every_public_class_has_a_sample():
    exported = [getattr(module, name) for module in (portinfra, dr) for name in module.__all__]
    public = {each for each in exported if isinstance(each, type) and attrs.has(each)}
    assert public | {type(FLOW), type(RULE)} == {type(value) for value in SAMPLES}


@pytest.fixture(scope="module")
def cloud():
    with simulate() as cloud:
        yield cloud


@pytest.mark.parametrize(("value", "attribute"), ATTRIBUTES)
def test_a_wrong_type_is_refused_with_the_name_of_the_attribute_and_what_it_accepts(cloud, value, attribute):
    @settings(max_examples=examples(12))
    @given(NESTED.filter(lambda wrong: not accepts(attribute.type, wrong)))
    def refused(wrong):
        with pytest.raises((ValidationError, WrongTypeError)) as error:
            use(attrs.evolve(value, **{attribute.alias: wrong}))
        said = str(error.value)
        assert attribute.name in said or str(attribute.metadata.get("block")) in said
        assert "ust be " in said
        assert " and is " in said or " that is " in said

    before = cloud.ground_truth()
    refused()
    assert cloud.ground_truth() == before


@pytest.mark.parametrize("of", DECLARED)
def test_a_declared_class_names_the_attribute_that_it_lacks(of):
    with pytest.raises(WrongTypeError, match=f"{of.__name__} has no attribute 'lmit'"):
        of(lmit="2h")
