"""The crash sweep over the reference platform: a sample of its calls in one shape here, every one of them in
every shape in the soak. The conformance suite sweeps every shape with a small topology.
"""

from pathlib import Path

import pytest
from attrs import evolve
from fake_bed import FakeBed
from sweeps import one_by_day, strides

from portinfra import Role, Topology, allow
from portinfra.declaration.load import load
from portinfra.testing.conformance import Stage
from portinfra.testing.conformance.suite.crashes import sweep_to, sweep_to_nothing
from portinfra.testing.fake import plugin

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments.hcl"
SAMPLE = 60
"""One call in so many."""


@pytest.fixture(params=one_by_day("aws", "gcp", "libvirt", "name"))
def stage(request, platform, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    yield Stage(FakeBed(request.param, page_size=1000), platform[1])
    plugin.cloud = None


stride = strides(SAMPLE, quick=400)


@pytest.fixture(scope="module")
def platform():
    declared = load(EXAMPLE)
    return declared.topology("payments"), evolve(declared.environment("production"), on="fake:us-east-1")


def changed(topology: Topology) -> Topology:
    """One change of each kind: count, size, image, volume, flow, tags, publicity, a role gone and one new."""
    changes = {
        "web": {"count": 4, "tags": {"stage": "blue"}},
        "app": {"size": "large"},
        "cache": {"image": "ubuntu-24.04"},
        "logs": {"volumes": [evolve(topology.role("logs").volumes[0], gib=600)]},
        "vpn": {"count": 2},
    }
    roles = [evolve(role, **changes.get(role.name, {})) for role in topology.roles if role.name != "mirror"]
    flows = [
        evolve(
            flow,
            sources=tuple(name for name in flow.sources if name != "mirror"),
            targets=tuple(name for name in flow.targets if name != "mirror"),
        )
        for flow in topology.flows
    ]
    flows = [flow for flow in flows if flow.sources and flow.targets]
    new = Role("search", count=2, slot=20)
    return evolve(
        topology, roles=[*roles, new], flows=[*flows, allow("app", new, tcp=9200, why="finding payments")]
    )


def tell(copies):
    """How many copies went astray; shown by `pytest -rP`."""
    assert copies
    print(f"{copies} copies")


def test_creating(stage, platform, stride):
    tell(sweep_to(stage, None, platform[0], stride))


def test_changing(stage, platform, stride):
    tell(sweep_to(stage, platform[0], changed(platform[0]), stride))


def test_destroying(stage, platform, stride):
    tell(sweep_to_nothing(stage, platform[0], stride))
