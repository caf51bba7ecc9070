"""An error of EC2 that no waiting mends ends its step after a few calls, with its own advice."""

import pytest

from bed.conformance_bed import AwsBed
from portinfra.errors import ApplyError
from portinfra.testing.conformance.stage import Stage
from portinfra_aws.errors import FINAL, FINAL_TRIES


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, AwsBed() as bed:
        patch.setenv("PORTINFRA_HOME", str(tmp_path_factory.mktemp("home")))
        yield Stage(bed)


@pytest.mark.parametrize("code", sorted(FINAL))
def test_a_creation_that_is_refused_for_good_takes_few_calls(stage, code):
    bed = stage.bed
    bed.ec2.settings.refusals = {"CreateVpc": code}
    begun = bed.ec2.clock.now()
    with pytest.raises(ApplyError) as caught:
        stage.bring(bed.before)
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert code in str(failed.error)
    assert failed.error.fix
    assert failed.calls <= FINAL_TRIES
    assert bed.ec2.clock.now() - begun < 60


def test_once_the_refusal_is_gone_the_same_declaration_is_brought(stage):
    stage.bed.ec2.settings.refusals = {}
    stage.bring(stage.bed.before)
    assert stage.plan(stage.bed.before).empty
