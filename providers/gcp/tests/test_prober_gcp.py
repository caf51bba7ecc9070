"""A prober on Compute Engine: its script runs within the startup script, and its console has a receipt."""

import pytest

from emulator.conformance_bed import GcpBed
from portinfra import Role, Topology
from portinfra.model.receipts import find_newest
from portinfra.model.resources import Instance
from portinfra.rollout.prober_script import Prober, ProberCheck
from portinfra.testing.conformance.stage import Stage
from portinfra_gcp import plugin

WORD = "0123456789abcdef"
CHECKS = (ProberCheck("echo 21 rows"), ProberCheck("exit 1"))


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed() as bed:
        bed.reset()
        yield Stage(bed)
        assert bed.gce.violations == []
        assert bed.gce.gaps == []


@pytest.mark.parametrize(
    ("image", "role"),
    [("debian-12", ""), ("debian-12", "#!/bin/sh\ntrue\n"), ("ubuntu-24.04", "#cloud-config\n{}\n")],
)
def test_its_receipt_is_read_whatever_the_user_data_of_the_role_is(stage, image, role):
    user_data = Prober(WORD, CHECKS, {"hosts": []}, role_user_data=role).user_data()
    app = Role("app", count=1, image=image, user_data=user_data, waive={"R6": "one"})
    shop = Topology("sample", [app])
    stage.bring(shop)
    with stage.provider() as provider:
        (host,) = stage.look(provider, stage.plan(shop).scope).of(Instance).values()
        console = plugin.console_text(provider.perform(plugin.console_call(host)))
    answers = find_newest(console, WORD, len(CHECKS)).answers
    assert [(each.passed, each.printed) for each in answers] == [(True, b"21 rows\n"), (False, b"")]
