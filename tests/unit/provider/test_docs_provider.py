"""The pages on writing and testing a provider: the skeleton is whole and works, and its tests are tests."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import evolve

from portinfra import Environment, errors
from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.record import Record
from portinfra.model.resources import Network, Subnet
from portinfra.provider.interface import DONE, Call, Names, Provider, ProviderPlugin, Refs, Wait
from portinfra.testing.conformance import ProviderConformance
from portinfra.testing.emulator import MISHAPS

DOCS = Path(__file__).parents[3] / "docs"
PAGES = [(DOCS / f"{name}-a-provider.md").read_text() for name in ("writing", "testing")]
DOCUMENT = "\n".join(PAGES)
SCOPE = Scope("sample", "production")
NETWORK = Observed(Address("network.main"), Network("main", "10.10.0.0/16"), {"id": "net-1"})
WANT = Subnet("web-0", NETWORK.address, "10.10.0.0/24", "zone-a")


@pytest.fixture(scope="module")
def page():
    names = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL):
        exec(compile(block, "docs/writing-a-provider.md and testing-a-provider.md", "exec"), names)
    return names


@pytest.fixture
def driver(page):
    return page["SubnetDriver"]()


def record_of(call, status="UP"):
    return {**call.parameters, "id": "sub-1", "status": status}


def test_its_driver_makes_sees_and_removes(driver):
    refs = Refs(SCOPE, "attempt-1", {NETWORK.address: NETWORK})
    create = driver.next_call(WANT, None, refs)
    assert create == driver.next_call(WANT, None, refs)
    promised = driver.absorb(None, create, {"subnet": {"id": "sub-1"}})
    assert driver.next_call(WANT, promised, refs) is DONE
    (survey,) = driver.survey(SCOPE)
    pages = {survey: [{"subnets": [record_of(create)]}]}
    (seen,) = driver.assemble(pages, Names(SCOPE, {"net-1": NETWORK.address}))
    assert seen == promised
    assert driver.next_call(None, seen, refs).action == "DeleteSubnet"
    assert driver.assemble({}, Names(SCOPE, {})) == []


def test_its_driver_waits_for_what_takes_time(driver):
    refs = Refs(SCOPE, "attempt-1", {NETWORK.address: NETWORK})
    create = driver.next_call(WANT, None, refs)
    (survey,) = driver.survey(SCOPE)
    for status, want in (("MAKING", WANT), ("GOING", None), ("GOING", WANT)):
        pages = {survey: [{"subnets": [record_of(create, status)]}]}
        (seen,) = driver.assemble(pages, Names(SCOPE, {"net-1": NETWORK.address}))
        assert isinstance(driver.next_call(want, seen, refs), Wait)


def observed(driver, *records):
    (survey,) = driver.survey(SCOPE)
    return driver.assemble({survey: [{"subnets": records}]}, Names(SCOPE, {"net-1": NETWORK.address}))


def test_its_driver_changes_takes_over_replaces_what_failed_and_leaves_copies_alone(driver):
    refs = Refs(SCOPE, "attempt-1", {NETWORK.address: NETWORK})
    record = record_of(driver.next_call(WANT, None, refs))
    (seen,) = observed(driver, record)
    changes = {
        "SetPublic": evolve(WANT, public=True),
        "SetLabels": evolve(WANT, tags={"team": "web"}),
    }
    for action, want in changes.items():
        call = driver.next_call(want, seen, refs)
        assert (call.action, driver.next_call(want, call.after, refs)) == (action, DONE)
    (broken,) = observed(driver, {**record, "status": "BROKEN"})
    assert broken.fault.error is errors.NoCapacity
    assert driver.next_call(WANT, broken, refs).action == "DeleteSubnet"
    assert observed(driver, {**record, "name": "a-copy"}) == []


def test_its_driver_deletes_the_empty_double_of_another_attempt(driver):
    refs = Refs(SCOPE, "attempt-1", {NETWORK.address: NETWORK})
    first = record_of(driver.next_call(WANT, None, refs))
    second = {**first, "id": "sub-2", "labels": {**first["labels"], "attempt": "attempt-2"}}
    (seen,) = observed(driver, second, first)
    call = driver.next_call(WANT, seen, refs)
    assert (call.action, call.parameters) == ("DeleteSubnet", {"id": "sub-2"})


@pytest.fixture
def provider(page, monkeypatch):
    """The skeleton's live location; its library answers each request with the name of it."""
    client = SimpleNamespace(
        request=lambda action, parameters: {"id": "123", "asked": action}, close=lambda: None
    )
    monkeypatch.setitem(sys.modules, "acme_sdk", SimpleNamespace(Client=lambda account: client))
    return page["plugin"].connect(Environment("production", on="acme:somewhere", account="123"))


def parts_of(contract):
    return {name for name in {*vars(contract), *contract.__annotations__} if not name.startswith("_")}


def test_its_skeleton_has_every_part_of_the_contract(page, provider):
    assert [name for name in parts_of(Provider) if not hasattr(provider, name)] == []
    assert [name for name in parts_of(ProviderPlugin) if not hasattr(page["plugin"], name)] == []


def test_its_provider_answers_what_core_asks(provider):
    answers = {call: [provider.perform(call)] for call in provider.catalogue_calls()}
    catalogue = provider.catalogue(answers)
    assert (provider.account_of(answers), catalogue.region) == ("123", "somewhere")
    assert catalogue.machine_type("large") == "a4"
    read = Call("ListSubnets")
    assert provider.more(read, {"next": "2"}).parameters == {"page": "2"}
    assert provider.more(read, {}) is None
    assert isinstance(provider.classify(ValueError("what?")), errors.OutcomeUnknown)


def test_its_records_are_read_back_as_they_were_written(provider):
    record = Record(7, 'a text with "quotes"')
    create = provider.records.create(SCOPE, record)
    assert provider.records.assemble([{"notes": [create.parameters]}]) == [record]
    assert not create.safe
    assert provider.records.delete(SCOPE, 7).safe


@pytest.mark.parametrize("page", PAGES, ids=["writing", "testing"])
def test_a_page_can_be_read_at_once(page):
    lines = page.splitlines()
    assert len(lines) < 300
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []


def test_its_test_file_is_the_suite(page):
    assert issubclass(page["TestAcme"], ProviderConformance)
    assert set(page["TestAcme"].gaps) <= set(dir(ProviderConformance))
    assert page["AcmeBed"]().books() == []


def test_its_emulator_serves_counts_and_refuses_as_it_says(page):
    assert page["first"] == {"zones": ["a", "b"]}
    assert (page["second"], page["counted"]) == (503, {"GET /zones": 2})


def test_every_mishap_of_an_emulator_is_named():
    assert [each for each in MISHAPS if f"`{each}`" not in DOCUMENT] == []


def test_every_test_and_ability_that_it_names_is_there():
    for name in re.findall(r"`(test_\w+)", DOCUMENT):
        assert [test for test in dir(ProviderConformance) if test.startswith(name)], name
