"""Hosts whose disks have a key that cannot be used: EC2 accepts their launch, and ends it."""

import pytest

from bed.conformance_bed import AwsBed
from bed.rules.kms import DEFAULT
from portinfra.errors import ApplyError, PermissionDenied
from portinfra.testing.conformance.stage import Stage


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed() as bed:
        yield bed
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


def test_hosts_that_die_of_their_key_are_launched_once_and_are_never_called_want_of_capacity(bed):
    bed.ec2.settings.disabled_keys = frozenset({DEFAULT})
    stage = Stage(bed)
    with pytest.raises(ApplyError) as caught:
        stage.bring(bed.before)
    failed = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert {step.step.address.kind for step in failed} == {"instance"}
    assert all(step.calls <= 1 for step in failed)
    for step in failed:
        assert isinstance(step.error, PermissionDenied)
        assert "Client.InternalError" in str(step.error)
        assert "key" in step.error.fix
        assert "size" not in step.error.fix
    bed.ec2.settings.disabled_keys = frozenset()
    stage.bring(bed.before)
    assert stage.plan(bed.before).empty
