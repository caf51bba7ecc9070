"""An error says what it is about: the resource, or else the environment that was asked."""

import pytest

from portinfra.errors import Unavailable
from portinfra.execution.caller import Caller
from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.provider.clock import SystemClock
from portinfra.provider.interface import Call
from portinfra.testing.simulation import SOMEWHERE, simulate


class Dark:
    name, clock = "dark", SystemClock()

    def perform(self, call):
        raise Unavailable("no route to host")


def told(call, environment=""):
    with pytest.raises(Unavailable) as error:
        Caller(Dark(), environment).once(call)
    return str(error.value)


def test_a_look_names_the_environment():
    assert told(Call("DescribeInstances"), "production") == (
        "DescribeInstances in production: no route to host"
    )
    assert told(Call("DescribeInstances")) == "DescribeInstances: no route to host"


def test_a_change_names_the_resource():
    change = Call("RunInstances", address="instance.web1", after=None)
    assert told(change, "production") == "instance.web1 RunInstances: no route to host"


def test_every_way_to_a_cloud_knows_its_environment():
    with simulate(), Connection.to(SOMEWHERE) as place:
        assert place.caller.environment == SOMEWHERE.name
        assert place.start_run(Scope("shop", "test"))._caller.environment == "test"
