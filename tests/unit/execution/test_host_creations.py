"""What a new host gets: each creation has tokens of its own, and they end by the provider's time."""

import re
import subprocess
from datetime import UTC, datetime

import pytest
from attrs import evolve
from clocks import clock_off

from portinfra import Environment, Role, Topology, apply, plan
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.model.address import Scope
from portinfra.placement import place
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import FakeCloud, plugin
from portinfra.trust.directory import open_directory
from portinfra.trust.token import VALID_SECONDS, read_token

pytestmark = pytest.mark.tools("age", "age-keygen")

SCOPE = Scope("shop", "production")
SHOP = Topology("shop", [Role("config", count=1, profile="est-server")], delivery="files")
TOKEN = re.compile(r"v1\.[\w-]+\.[\w-]{86}")


def directory_of(folder):
    return open_directory(f"{folder}/trust", {"age_identity": f"{folder}/age.txt"}, str(SCOPE))


@pytest.fixture
def production(tmp_path):
    subprocess.run(["age-keygen", "-o", tmp_path / "age.txt"], check=True, capture_output=True)
    credentials = {"age_identity": f"{tmp_path}/age.txt"}
    directory_of(tmp_path).create("est", datetime.now(UTC))
    return Environment("production", on="fake:us-east-1", trust=f"{tmp_path}/trust", credentials=credentials)


@pytest.fixture
def cloud():
    plugin.cloud = FakeCloud()
    yield plugin.cloud
    plugin.cloud = None


class Creations:
    """The requests that create hosts. The one host is lost before its owner is written, if it `is_lost`."""

    def __init__(self, cloud, *, is_lost=False):
        self.cloud, self.is_lost, self.found = cloud, is_lost, []

    def __call__(self, provider, call):
        if call.action == "CreateInstance":
            self.found.append(dict(call.parameters))
        if self.is_lost and (call.action, call.address) == ("SetOwner", "instance.config1"):
            self.is_lost = False
            delete_host(self.cloud)
        return provider.perform(call)

    def tokens(self):
        assert [len(TOKEN.findall(each["boot_script"])) for each in self.found] == [1] * len(self.found)
        return [(each["token"], *TOKEN.findall(each["boot_script"])) for each in self.found]


def delete_host(cloud):
    """Delete the host as another person does."""
    (host,) = [record for record in cloud.ground_truth() if record["kind"] == "instance"]
    cloud.request(host["account"], "us-east-1", "DeleteInstance", {"id": host["id"]})
    cloud.clock.sleep_until(cloud.clock.now() + 600)


def test_a_host_that_is_lost_between_two_applies_of_a_run(cloud, production):
    creations = Creations(cloud)
    with (
        wrap_calls("fake", creations),
        Connection.to(production, SHOP) as here,
        here.start_run(SCOPE, RunOptions(seed=0)) as run,
    ):
        for _ in range(2):
            run.apply(run.plan(place(SHOP, production), here.catalogue()), lambda progress: None)
            delete_host(cloud)
    (first, one), (second, other) = creations.tokens()
    assert first != second
    assert one != other


def test_a_host_that_fails_after_its_creation(cloud, production):
    creations = Creations(cloud)
    cloud.fail_next()
    with wrap_calls("fake", creations):
        apply(plan(SHOP, production), seed=0)
    (first, one), (second, other) = creations.tokens()
    assert first != second
    assert one != other


def test_a_host_that_the_plan_keeps_and_that_is_lost_gets_a_script_and_a_token(cloud, production):
    apply(plan(SHOP, production), seed=0)
    role = evolve(SHOP.role("config"), tags={"team": "payments"})
    creations = Creations(cloud, is_lost=True)
    with wrap_calls("fake", creations):
        apply(plan(SHOP.with_role(role), production), seed=0)
    assert len(creations.tokens()) == 1


@pytest.mark.parametrize("hours", [-48, 48])
def test_an_operator_whose_clock_is_wrong_signs_tokens_that_are_valid_for_a_day(
    cloud, production, tmp_path, hours
):
    creations, began = Creations(cloud), cloud.clock.now()
    with wrap_calls("fake", creations), clock_off(hours * 3600.0, tells_time=True):
        apply(plan(SHOP, production), seed=0)
    ((_, text),) = creations.tokens()
    token = read_token(text, directory_of(tmp_path).read_enrolment_key().public_key())
    assert began <= token.until - VALID_SECONDS <= cloud.clock.now()
