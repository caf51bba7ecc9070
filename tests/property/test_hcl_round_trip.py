"""Python → HCL → Python gives equal values, whatever the texts hold."""

from pathlib import Path

from attrs import evolve, has
from examples import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.write import to_hcl
from portinfra.declaration.load import load
from portinfra.model.environment import Environment
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.schema import Kind, attributes
from portinfra.model.topology import Role, Topology, port_ranges
from portinfra.testing import strategies
from portinfra.validation import validate_declared

NASTY = [
    "${",
    "$${",
    "%{",
    "%%{",
    "}",
    '"',
    "\\",
    "\n",
    "\r\n",
    "\t",
    "EOT",
    "<<EOT",
    "$",
    "%",
    "é",
    "\x00",
    " ",
    "#",
    "//",
]
texts = st.one_of(st.text(max_size=12), st.lists(st.sampled_from(NASTY), max_size=8).map("".join))
names = st.from_regex(r"[a-z]([a-z-]{0,6}[a-z])?", fullmatch=True)
tags = st.dictionaries(texts, texts, max_size=3)
some = st.lists(texts, max_size=3)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
options = st.dictionaries(
    names,
    st.one_of(st.booleans(), st.integers(), texts, st.lists(plain), st.dictionaries(texts, plain)),
    max_size=2,
)
ports = st.lists(
    st.tuples(st.integers(1, 65535), st.integers(0, 500)).map(lambda p: (p[0], min(65535, sum(p)))),
    max_size=3,
).map(port_ranges)
VALUES = {
    Kind.TEXT: texts,
    Kind.NUMBER: st.integers(),
    Kind.SWITCH: st.booleans(),
    Kind.TEXTS: some,
    Kind.TEXT_MAP: tags,
    Kind.NUMBER_MAP: st.dictionaries(texts, st.integers(), max_size=3),
    Kind.MAPS: st.dictionaries(names, options, max_size=2),
    Kind.PORTS: ports,
    Kind.HOOK: texts,
    Kind.HOOKS: some,
}
"""Any value of each kind that HCL can hold."""


def anything(of):
    """Return a strategy for values of a declared class, of every attribute that HCL can hold."""
    held = [each for each in attributes(of) if each.is_label or each.hcl or each.block]
    return st.builds(of, **{each.name: values(each) for each in held})


def values(attribute):
    """Return a strategy for values of one attribute."""
    if attribute.kind is Kind.PART:
        return st.none() | anything(attribute.part)
    if attribute.kind is Kind.PARTS:
        whole = st.lists(anything(attribute.part), max_size=2)
        return whole | st.lists(some, max_size=3) if attribute.hcl else whole
    if "overrides" in attribute.metadata:
        fitting = [each for each in attributes(attribute.part) if each.metadata.get("override")]
        overrides = st.fixed_dictionaries({}, optional={each.name: values(each) for each in fitting})
        return st.dictionaries(texts, overrides, max_size=2)
    return st.none() | VALUES[attribute.kind] if attribute.may_be_none else VALUES[attribute.kind]


topologies, environments, recoveries = anything(Topology), anything(Environment), anything(RecoveryPlan)
declarations = st.builds(
    Declared,
    topologies=st.lists(topologies, max_size=1).map(tuple),
    environments=st.lists(environments, max_size=1).map(tuple),
    recoveries=st.lists(recoveries, max_size=1).map(tuple),
)

HOSTILE = Role("w", user_data='#!/bin/sh\n\n  echo ${HOME} %{x} $${y}\nEOT\n\tend \\ "\n')
EXTREME = Role("w", native={"aws": {"numbers": [1.7976931348623157e308, 5e-324, -1e308, 0.1, 10**308]}})


@settings(
    max_examples=examples(120),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(declared=declarations)
@example(declared=Declared(topologies=(Topology("p", roles=[HOSTILE]),)))
@example(declared=Declared(topologies=(Topology("p", roles=[EXTREME]),)))
@example(declared=Declared(topologies=(Topology("p", roles=[evolve(HOSTILE, user_data="a\n${\n")]),)))
def test_what_is_written_loads_to_equal_values(declared, tmp_path: Path):
    file = tmp_path / "round.hcl"
    text = to_hcl(declared)
    file.write_text(text, encoding="utf-8", newline="")
    loaded = load(file)
    assert loaded == declared
    assert written_of(loaded) == written_of(declared)
    assert to_hcl(loaded) == text


def written_of(value):
    """Return every attribute that HCL can hold, also those that equality leaves out."""
    if isinstance(value, tuple):
        return [written_of(each) for each in value]
    if isinstance(value, Declared):
        return [written_of(each) for each in (value.topologies, value.environments, value.recoveries)]
    if not has(type(value)):
        return value
    held = [each for each in attributes(type(value)) if each.is_label or each.hcl or each.block]
    return {each.name: written_of(getattr(value, each.name)) for each in held}


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), topology=strategies.topologies().filter(lambda topology: topology.roles))
def test_a_sound_recovery_plan_stays_sound(data, topology, tmp_path: Path):
    """Any part that is drawn for it, and any default that is left out, is one that validation lets pass."""
    source, target = data.draw(strategies.environments()), data.draw(strategies.targets())
    plan = data.draw(strategies.recoveries(topology))
    declared = Declared((topology,), (evolve(source, key="alias/sample"), target), (plan,))
    file = tmp_path / "sound.hcl"
    file.write_text(to_hcl(declared), encoding="utf-8")
    for each in (declared, load(file)):
        assert not [found for found in validate_declared(each) if found.rule.startswith("recovery/")]
    assert load(file).recoveries == (plan,)
