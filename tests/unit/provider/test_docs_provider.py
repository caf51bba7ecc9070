"""The page on writing a provider: its driver works, and its tests are tests."""

import re
from pathlib import Path

import pytest

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Network, Subnet
from portinfra.provider.interface import DONE, Names, Refs, Wait
from portinfra.testing.conformance import ProviderConformance
from portinfra.testing.emulator import MISHAPS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "writing-a-provider.md").read_text()
SCOPE = Scope("sample", "production")
NETWORK = Observed(Address("network.main"), Network("main", "10.10.0.0/16"), {"id": "net-1"})
WANT = Subnet("web-0", NETWORK.address, "10.10.0.0/24", "zone-a")


@pytest.fixture(scope="module")
def page():
    names = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL):
        exec(compile(block, "docs/writing-a-provider.md", "exec"), names)
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
