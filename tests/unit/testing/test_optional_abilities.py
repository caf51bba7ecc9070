"""The conformance suite finds an optional ability that breaks the contract."""

import json

import pytest
from attrs import evolve

from portinfra import Environment
from portinfra.model.platform_service import PlatformService
from portinfra.provider.abilities import (
    BlockExport,
    BlockReader,
    Check,
    Doctor,
    Grants,
    Images,
    PermissionPolicies,
)
from portinfra.testing.conformance.suite.optional_abilities import check_abilities
from portinfra.testing.fake.plugin import FakePlugin

PRODUCTION = Environment("production", on="fake:us-east-1")


class Able(FakePlugin, PermissionPolicies, Grants, Doctor, Images, BlockExport):
    """A plugin whose every ability returns what the contract says, but for what a test gives it."""

    capabilities = FakePlugin().capabilities

    def __init__(self, **answers):
        super().__init__()
        self.capabilities = evolve(self.capabilities, block_export=answers.pop("block_export", True))
        self.answers = answers

    def iam_policy(self):
        return self.answers.get("iam_policy", {"Statement": [{"Action": "read"}]})

    def spell_tags(self, tags):
        return self.answers.get("spell_tags", tags)

    def birth_bytes(self, host):
        return self.answers.get("birth_bytes", len(host.user_data))

    def platform_services(self, network, subnet):
        return self.answers.get("platform_services", super().platform_services(network, subnet))

    def grants(self, source, target):
        return self.answers.get("grants", json.dumps({"source": {}}))

    def doctor(self, location=""):
        return self.answers.get("doctor", [Check("QEMU", False, "it is not installed", "apt-get install")])

    def build_image(self, location, packages, name, say):
        raise AssertionError("an image is built")

    def fetch_image(self, location, source, sha256, name, say):
        raise AssertionError("an image is fetched")

    def block_reader(self, environment, snapshot, gib):
        return self.answers.get("block_reader", BlockReader("cat", ("cat",)))

    def block_problem(self, native):
        return self.answers.get("block_problem", "")

    def block_grants(self, environment, taken):
        return self.answers.get("block_grants", json.dumps({"role": str(taken)}))


def check(plugin):
    check_abilities(plugin, PRODUCTION, PRODUCTION)


def test_abilities_that_keep_to_the_contract_pass():
    check(Able())


def test_a_plugin_without_optional_abilities_passes():
    check(FakePlugin())


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            {"platform_services": (PlatformService("10.10.1.1", "icmp", 8),)},
            "has no protocol with ports",
        ),
        ({"block_export": False}, "capabilities.block_export must be true exactly where"),
        ({"iam_policy": {"Statement": [{"Action": {"read"}}]}}, "is not JSON serializable"),
        ({"iam_policy": {"Statement": ("read",)}}, "not plain JSON"),
        ({"iam_policy": {"Statement": []}}, "no list of statements"),
        ({"grants": "allow all"}, "grants returns no JSON"),
        ({"grants": "{}"}, "grants returns no JSON object with entries"),
        ({"spell_tags": {}}, "which is not one tag for each"),
        ({"birth_bytes": 3}, "birth_bytes leaves the user data out"),
        ({"doctor": []}, "doctor returns no finding"),
        ({"doctor": ["QEMU is missing"]}, "which is no Check"),
        ({"doctor": [Check("QEMU", False, "it is not installed")]}, "must have a fix exactly where"),
        ({"doctor": [Check("QEMU", True, "")]}, "does not say what the doctor found"),
        ({"block_reader": "cat"}, "which is no BlockReader"),
        ({"block_reader": BlockReader("cat", "cat")}, "are no tuple"),
        ({"block_problem": None}, "block_problem returns no text"),
        ({"block_grants": None}, "block_grants returns no JSON"),
    ],
)
def test_an_ability_that_breaks_the_contract_is_found(broken, message):
    with pytest.raises((AssertionError, TypeError), match=message):
        check(Able(**broken))


@pytest.mark.parametrize("ability", [PermissionPolicies, Grants, Doctor, Images, BlockExport])
def test_an_ability_without_all_of_its_methods_cannot_be_installed(ability):
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (FakePlugin, ability), {})()
