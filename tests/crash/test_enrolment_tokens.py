"""A run that signs tokens dies at every call: each host ends with a token that is usable, and its own.

No token is ever that of two machines, also where a host fails after its creation and is created again.
"""

import re
import subprocess
from datetime import UTC, datetime

import pytest
from attrs import evolve
from fake_bed import FakeBed
from sweeps import strides

from portinfra import Role, Service, Topology, allow
from portinfra.testing.conformance import Stage
from portinfra.testing.conformance.suite.crashes import sweep_to
from portinfra.testing.fake import plugin
from portinfra.trust.directory import open_directory
from portinfra.trust.token import read_token

pytestmark = pytest.mark.tools("age", "age-keygen")
stride = strides(6, quick=40)

PAY = Service("pay", tcp=8443, local_port=8002)
SHOP = Topology(
    "shop",
    [Role("web", count=2), Role("app", count=2, offers=PAY), Role("config", count=1, profile="est-server")],
    [allow("web", PAY, why="orders"), allow(["web", "app"], "config", tcp=8140, why="certificates")],
    delivery="files",
)
TOKEN = re.compile(r"v1\.[\w-]+\.[\w-]{86}")


class TokenBed(FakeBed):
    """The simulator, whose hosts are compared by what their tokens say, and not by the run that signed."""

    failing = 0
    """How many of the next hosts fail after their creation."""

    def __init__(self, directory):
        self.key = directory.read_enrolment_key().public_key()
        super().__init__("aws", page_size=1000)

    def reset(self):
        super().reset()
        for _ in range(self.failing):
            self.fail_next_host()

    def ground_truth(self):
        found = super().ground_truth()
        tables = self.cloud.store.tables()
        bodies = [row.get("body", {}) for table in tables for row in self.cloud.store.rows(table).values()]
        scripts = [body["boot_script"] for body in bodies if "boot_script" in body]
        tokens = [text for script in scripts for text in TOKEN.findall(script)]
        assert len(tokens) == len(scripts)
        assert len(set(tokens)) == len(tokens)
        return found

    def _birth(self, name):
        given = super()._birth(name)
        (text,) = TOKEN.findall(given["boot_script"])
        token = read_token(text, self.key)
        assert token.host in name
        assert token.until > self.clock.now() - 4 * 3600
        return {**given, "boot_script": TOKEN.sub(f"{token.scope} {token.host}", given["boot_script"])}


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
    identity = tmp_path / "age.txt"
    subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True)
    credentials = {"age_identity": str(identity)}
    directory = open_directory(f"{tmp_path}/trust", credentials, "shop/production")
    directory.create("est", datetime.now(UTC))
    bed = TokenBed(directory)
    environment = evolve(bed.environment, trust=f"{tmp_path}/trust", credentials=credentials)
    yield Stage(bed, environment=environment)
    plugin.cloud = None


def test_creating(stage, stride):
    assert sweep_to(stage, None, SHOP, stride)


def test_one_more_host(stage, stride):
    more = SHOP.with_role(evolve(SHOP.role("web"), count=3))
    assert sweep_to(stage, SHOP, more, stride)


def test_creating_hosts_that_fail_after_their_creation(stage, stride):
    stage.bed.failing = 2
    assert sweep_to(stage, None, SHOP, stride)
