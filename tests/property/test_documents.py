"""Every document of every value that can be drawn is JSON, and holds no secret of it."""

import json

from attrs import evolve
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json_schema import document_errors

from portinfra import INTERNET, PlanOptions, apply, check, destroy, dr, lock_in, place, plan
from portinfra.errors import PortinfraError
from portinfra.lease import list_leases
from portinfra.model.plain import plain
from portinfra.policy import check as check_rules
from portinfra.render import documents, recovery_documents
from portinfra.render.policy_documents import check_document
from portinfra.render.portability_documents import lockin_document
from portinfra.testing import strategies
from portinfra.testing.simulation import simulate
from portinfra.workflow import observe

CANARY = "canary-4711"
topologies = strategies.topologies(max_roles=3, max_hosts=3).filter(lambda topology: topology.roles)
fewer = settings(max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow])


def with_secrets(topology):
    """The same topology, whose hosts are told a secret at birth."""
    return evolve(topology, roles=[evolve(role, user_data=f"#!{CANARY}") for role in topology.roles])


def is_json(document):
    text = json.dumps(document, allow_nan=False)
    assert CANARY not in text
    assert json.loads(text) == document  # no key and no value that JSON would make another
    if isinstance(document, dict) and "schema" in document:
        assert document_errors(document) == []
    return True


@fewer
@given(topologies, strategies.environments())
def test_what_is_placed(topology, environment):
    there = place(with_secrets(topology), environment)
    report = check(topology, environment)
    assert is_json(documents.render_document(there))
    assert is_json(documents.inventory_document(there))
    assert is_json(check_document(report, (INTERNET, topology.roles[0].name), ()))
    assert is_json(lockin_document(topology, lock_in(topology, (environment,))))


@fewer
@given(topologies, topologies, strategies.environments())
def test_what_is_planned_applied_and_seen(before, after, environment):
    with simulate():
        first = plan(with_secrets(before), environment)
        assert is_json(documents.plan_document(first))
        assert is_json(documents.outcome_document(apply(first, seed=0)))
        second = plan(with_secrets(after), environment, PlanOptions(allow_data_loss="all"))
        (lease,) = list_leases(before, environment)
        assert is_json(documents.plan_document(second))
        assert is_json(documents.status_document(second, lease))
        assert is_json(documents.plan_document(destroy(after, environment)))
        there = observe(before, environment)
        assert is_json(documents.output_document("sample/production", there))
        assert is_json(documents.claim_document("sample/production", lease))
        report = check_rules(place(after, environment), (), there)
        assert is_json(check_document(report, None, ()))


@settings(max_examples=examples(5), suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), topologies)
def test_what_a_recovery_tells(data, topology):
    source, target = (
        evolve(data.draw(strategies.environments()), key="alias/sample"),
        data.draw(strategies.targets()),
    )
    disaster = data.draw(strategies.recoveries(topology))
    with simulate():
        apply(plan(with_secrets(topology), source), seed=0)
        both = dr.recovery(with_secrets(topology), disaster, [source, target])
        made = dr.replicate(both)
        assert is_json(recovery_documents.replicated_document(both, made))
        assert is_json(recovery_documents.status_document(dr.status(both)))
        assert is_json(recovery_documents.prospect_document(dr.make_forecast(both)))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.frozensets(st.text())
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=10,
)


@given(anything)
def test_any_option_of_a_provider(value):
    assert is_json(plain(value))


@given(st.text())
def test_any_error(message):
    assert is_json(documents.error_document(PortinfraError(message), 1))
