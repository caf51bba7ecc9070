"""The reference platform on Compute Engine, with a crash at every call: made, changed, removed."""

from pathlib import Path

import pytest
from attrs import evolve

from emulator.conformance_bed import REGION, GcpBed
from emulator.identities import PROJECT
from portinfra import Role, allow
from portinfra.declaration.load import load
from portinfra.testing.conformance.stage import Stage
from portinfra.testing.conformance.suite.crashes import sweep_to, sweep_to_nothing

EXAMPLE = Path(__file__).parents[3] / "examples" / "payments.hcl"
SAMPLE = 31

pytestmark = pytest.mark.soak


@pytest.fixture(params=[1, SAMPLE], ids=["every call", "a sample"])
def stride(request):
    return request.param


@pytest.fixture(scope="module")
def platform():
    declared = load(EXAMPLE)
    environment = evolve(declared.environment("production"), on=f"gcp:{REGION}", account=PROJECT, zones=())
    return declared.topology("payments"), environment


@pytest.fixture
def stage(platform, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed(page_limit=None) as bed:
        yield Stage(bed, platform[1])
        assert bed.gce.violations == []
        assert bed.gce.gaps == []


def changed(topology):
    """One change of each kind: count, size, image, volume, tags, publicity, a role gone and one new."""
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
