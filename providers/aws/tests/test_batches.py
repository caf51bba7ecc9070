"""Requests to EC2 for many hosts: whatever refuses one of them, each ends as by a request of its own."""

from functools import partial

import pytest

from bed.conformance_bed import REGION, AwsBed
from bed.identities import ACCOUNT
from portinfra import Role, Topology
from portinfra.errors import ApplyError
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.placement import place
from portinfra.provider.interface import Call
from portinfra.recovery.takeover.fencing import switch
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.conformance.stage import Stage
from portinfra_aws import rates

HOSTS = Topology("hosts", [Role("web", count=12, tags={"team": "a"})])
TAGGED = Topology("hosts", [Role("web", count=12, tags={"team": "b"})])
UNTAGGED = Topology("hosts", [Role("web", count=12)])
VICTIM = "-web3-"


def act(bed, action, **parameters):
    (id,) = bed._named(VICTIM, "i-")
    key = "InstanceIds" if action == "TerminateInstances" else "InstanceId"
    bed.ec2.act(ACCOUNT, REGION, action, {key: [id] if key == "InstanceIds" else id, **parameters}, {})


def delete(bed):
    """A person deletes it, and EC2 forgets it."""
    act(bed, "TerminateInstances")
    bed.ec2.advance(7200)


SPOILED = {
    "nothing": lambda bed: None,
    "one is protected from termination": partial(
        act, action="ModifyInstanceAttribute", DisableApiTermination={"Value": True}
    ),
    "one is protected from a stop": partial(
        act, action="ModifyInstanceAttribute", DisableApiStop={"Value": True}
    ),
    "one is being deleted": partial(act, action="TerminateInstances"),
    "one does not exist": delete,
}
VERBS = {
    "stop": ("StopInstances", lambda stage: power(stage, "stopped")),
    "delete": ("TerminateInstances", lambda stage: stage.remove(HOSTS)),
    "tag": ("CreateTags", lambda stage: stage.bring(TAGGED)),
    "untag": ("DeleteTags", lambda stage: stage.bring(UNTAGGED)),
    "start": ("StartInstances", lambda stage: power(stage, "running")),
}


def power(stage, wanted):
    placed = place(HOSTS, stage.environment)
    with Connection.to(stage.environment, HOSTS) as at, at.start_run(placed.scope, RunOptions(seed=0)) as run:
        switch(run, placed, at.catalogue(), wanted, lambda progress: None)


def life(tmp_path, patch, verb, spoil):
    """Return the fates of the hosts' steps, the world afterwards, and the sizes of the verb's requests."""
    patch.setenv("PORTINFRA_HOME", str(tmp_path))
    action, make = VERBS[verb]
    sizes: list[int] = []
    with AwsBed() as bed:
        stage = Stage(bed)
        stage.bring(HOSTS)
        if verb == "start":
            with stage.calls():
                power(stage, "stopped")

        def hand(provider, call: Call):
            parameter = "ResourceId" if "Tags" in action else "InstanceId"
            if call.action == action and call.address and call.address.startswith("instance."):
                if not sizes:
                    spoil(bed)
                sizes.append(len(call.parameters[parameter]))
            return provider.perform(call)

        fates = {}
        with wrap_calls("aws", hand, clock=bed.clock):
            try:
                make(stage)
            except ApplyError as error:
                fates = {step.step: (step.fate, type(step.error)) for step in error.outcome.steps}
        return fates, stage.ground_truth(), sizes


@pytest.mark.parametrize("spoiled", SPOILED)
@pytest.mark.parametrize("verb", VERBS)
def test_each_host_ends_as_by_a_request_of_its_own(tmp_path, verb, spoiled):
    with pytest.MonkeyPatch.context() as patch:
        together = life(tmp_path / "together", patch, verb, SPOILED[spoiled])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "batch", lambda action: None)
        alone = life(tmp_path / "alone", patch, verb, SPOILED[spoiled])
    assert together[:2] == alone[:2]
    assert max(together[2]) > 3, "no request had several hosts"
    assert set(alone[2]) <= {1, 3}, "a request had several hosts"
