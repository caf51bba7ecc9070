"""Errors of a provider's own code name the method and the line, and keep their cause."""

import pytest
from toy import DRIVERS, ToyDriver, topology
from toycloud import ToyProvider, plan_for

from portinfra import Role, errors
from portinfra.execution.caller import Caller
from portinfra.model.address import Scope
from portinfra.model.catalogue import Rate
from portinfra.model.observed import Observed
from portinfra.model.resources import Network, Subnet
from portinfra.observation import Reader
from portinfra.provider.interface import Call

ONE = topology(Role("web", count=1))
SCOPE = Scope("sample", "production")


class BrokenDriver(ToyDriver):
    """A driver with a defect in one method."""

    def __init__(self, kind, method):
        super().__init__(kind)
        setattr(self, method, getattr(self, f"break_{method}"))

    def fail(self):
        return {}["SubnetId"]

    def break_survey(self, scope, only=()):
        return self.fail()

    def break_assemble(self, answers, names):
        return self.fail()

    def break_next_call(self, want, seen, refs):
        return self.fail()

    def break_absorb(self, seen, call, answer):
        return self.fail()


def provider_with(driver):
    provider = ToyProvider()
    provider.drivers = {**provider.drivers, driver.spec: driver}
    return provider


def read(provider):
    return Reader(provider, Caller(provider).once).observe(SCOPE)


@pytest.mark.parametrize("method", ["survey", "assemble"])
def test_a_defect_while_reading_names_driver_and_method(method):
    with pytest.raises(errors.ProviderError) as caught:
        read(provider_with(BrokenDriver(Subnet, method)))
    assert_names_defect(caught.value, method)


@pytest.mark.parametrize("method", ["account_calls", "catalogue_calls"])
def test_a_defect_in_the_calls_of_a_provider_names_the_method(method, monkeypatch):
    provider = ToyProvider()
    monkeypatch.setattr(provider, method, lambda: {}["Account"], raising=False)
    reader = Reader(provider, Caller(provider).once)
    with pytest.raises(errors.ProviderError, match=r"raised KeyError: 'Account' \(test_own_code.py, line "):
        reader.account() if method == "account_calls" else reader.catalogue()


@pytest.mark.parametrize("method", ["survey", "next_call", "absorb"])
def test_a_defect_while_planning_names_driver_and_method(method):
    with pytest.raises(errors.ProviderError) as caught:
        plan_for(provider_with(BrokenDriver(Subnet, method)), ONE)
    assert_names_defect(caught.value, method)


def assert_names_defect(error, method):
    assert f"BrokenDriver.break_{method} raised KeyError: 'SubnetId' (test_own_code.py, line " in str(error)
    assert isinstance(error.__cause__, KeyError)
    assert "defect of the provider" in error.fix


def test_a_defect_of_the_client_names_its_line():
    provider = ToyProvider()
    provider.answers["List"] = lambda call: None + 1
    with pytest.raises(
        errors.InvalidRequest, match=r"List: TypeError: .* \(test_own_code\.py, line \d+\)"
    ) as caught:
        read(provider)
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("answer", [{}, {"subnet": None}, {"subnet": []}, {"subnet": {"id": ""}}])
def test_an_answer_without_the_id_that_fills_names_says_so(answer):
    want = Network("main", "10.0.0.0/16")
    call = Call("CreateNetwork", {}, want.address, Observed(want.address, want), {"id": "subnet.id"})
    with pytest.raises(errors.ProviderError) as caught:
        DRIVERS[Network].absorb(None, call, answer)
    assert str(caught.value) == 'network.main CreateNetwork: the answer has nothing at "subnet.id"'
    assert "`fills`" in caught.value.fix


class WritingDriver(ToyDriver):
    """A driver whose reads have a rate class."""

    def survey(self, scope, only=()):
        return (Call("List", rates=("reed",)),)


def test_a_rate_class_that_the_catalogue_does_not_have_is_refused():
    provider = ToyProvider(rates={"read": Rate(10, 1)})
    with pytest.raises(errors.ProviderError, match="rate class 'write' is not in the catalogue: read"):
        plan_for(provider, ONE)
    provider = ToyProvider(rates={"read": Rate(10, 1), "write": Rate(10, 1)})
    provider.drivers = {**provider.drivers, Network: WritingDriver(Network)}
    with pytest.raises(errors.ProviderError, match="List: its rate class 'reed' is not in the catalogue"):
        plan_for(provider, ONE)


def test_a_catalogue_without_rates_paces_no_call():
    assert plan_for(ToyProvider(rates={}), ONE).budget.rates == {"write": 7}
