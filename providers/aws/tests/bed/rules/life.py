"""States of passage: what is pending, stopping, shutting down, and for how long.

moto's things are what they become at once. Here a request begins a change, and the bed's clock ends it.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.ec2.models.instances import InstanceState, StateReason

from bed.call import Call, after, before, instead, shown
from bed.errors import EC2Error
from bed.kinds import KINDS, instances
from bed.region import Region
from bed.rules import kms

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


def instance(call: Call, id: str) -> Any:
    """An instance that is there, by id."""
    return KINDS["i"].find(call.backend, id)


def become(which: Any, state: str) -> None:
    """Put an instance into a state."""
    which._state = InstanceState(state, CODES[state])


def _later(there: Region, which: Any, state: str) -> None:
    """An instance is in a state once its passage is over, unless something else has happened to it."""
    begun = which._state

    def arrive() -> None:
        if which._state is not begun:
            return
        if state == "running" and not _disks_open(there, which):
            _fall_back(there, which)
        else:
            which.has_run = True
            become(which, state)

    there.later(there.settings.pending_seconds, arrive)


def _disks_open(there: Region, which: Any) -> bool:
    volumes = (there.backend.volumes.get(m.volume_id) for m in which.block_device_mapping.values())
    return all(kms.usable(there, volume.kms_key_id) for volume in volumes if volume is not None)


def _fall_back(there: Region, which: Any) -> None:
    """A disk cannot be decrypted: a first start ends in `terminated`, any other falls back to `stopped`.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html ("Client.InternalError"),
    hashicorp/terraform-provider-aws#38633, aws-solutions/instance-scheduler-on-aws#9.
    """
    if getattr(which, "has_run", False):
        become(which, "stopped")
        _blame(which, "key")
        return
    become(which, "shutting-down")
    _die(there, which, "key")


CAUSES = {
    "key": ("Client.InternalError", "Client error on launch"),
    "volumes": ("Client.VolumeLimitExceeded", "Volume limit exceeded"),
    "trouble": ("Server.InternalError", "Server.InternalError"),
}
"""Cause of a death → code and message of the `stateReason`, as recordings of real accounts have them."""


def _blame(which: Any, cause: str) -> None:
    """Say why an instance is in its state: by cause in `stateReason`; in `reason` EC2 blames itself."""
    code, message = CAUSES[cause]
    which.state_reason = StateReason(message, code)
    which._reason = "Server.InternalError"


@after("RunInstances")
def launches_are_pending(call: Call, result: Any) -> None:
    """Running after a while; or, if that is its fate, terminated with the reason in StateReason."""
    for each in result.instances:
        become(each, "pending")
        if call.there.fates:
            _die(call.there, each, call.there.fates.pop(0))
        else:
            _later(call.there, each, "running")


def _die(there: Region, which: Any, cause: str) -> None:
    """ "The instance goes from pending to terminated": Troubleshoot Amazon EC2 instance launch issues."""

    def end() -> None:
        _terminated(there, which)
        _blame(which, cause)

    there.later(there.settings.pending_seconds, end)


@instead("TerminateInstances")
def terminations_take_time(call: Call) -> dict[str, Any]:
    """An instance keeps its address, interface and volumes until it is terminated; again is no error.

    One incorrect id refuses the whole request. A protected instance refuses those of its zone, and those of
    other zones are terminated: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
    """
    chosen = [instance(call, id) for id in call.params["InstanceIds"]]
    protected = [each for each in chosen if each.disable_api_termination]
    zones = {each.availability_zone for each in protected}
    told = _terminate(call, [each for each in chosen if each.availability_zone not in zones])
    if protected:
        raise EC2Error(
            "OperationNotPermitted",
            f"The instance '{protected[0].id}' may not be terminated. "
            "Modify its 'disableApiTermination' instance attribute and try again.",
        )
    return {"TerminatingInstances": told}


def _terminate(call: Call, chosen: Sequence[Any]) -> list[dict[str, Any]]:
    """Begin the termination of instances. Return their states."""
    told = []
    for each in chosen:
        previous = each._state
        if call.there.failing_terminations and previous.name in ("running", "stopped"):
            call.there.failing_terminations -= 1
            become(each, "shutting-down")
            call.there.later(call.there.settings.pending_seconds, partial(become, each, previous.name))
        elif previous.name not in ("shutting-down", "terminated"):
            become(each, "shutting-down")
            call.there.later(call.there.settings.pending_seconds, partial(_terminated, call.there, each))
        current = each._state
        told.append({"InstanceId": each.id, "CurrentState": current, "PreviousState": previous})
    return told


def _terminated(there: Region, which: Any) -> None:
    """Its address is free, its elastic addresses are on nothing, and in an hour it is forgotten."""
    backend = there.backend
    for address in backend.addresses:
        if address.instance is which:
            backend.disassociate_address(address=address.public_ip)
    for device, mapping in list(which.block_device_mapping.items()):
        backend.detach_volume(mapping.volume_id, which.id, device)
        if mapping.delete_on_termination:
            backend.delete_volume(mapping.volume_id)
    for nic in list(which.nics.values()):
        for each in nic.private_ip_addresses:
            nic.subnet.del_subnet_ip(each["PrivateIpAddress"])
        backend.enis.pop(nic.id, None)
    which._private_ips = set()  # or moto frees them again once it drops the instance, whoever has them then
    become(which, "terminated")
    which.state_reason = StateReason(
        "Client.UserInitiatedShutdown: User initiated shutdown", "Client.UserInitiatedShutdown"
    )
    there.later(there.settings.terminated_seconds, lambda: _forgotten(backend, which))


def _forgotten(backend: Any, which: Any) -> None:
    for id, reservation in list(backend.reservations.items()):
        if which in reservation.instances:
            reservation.instances.remove(which)
            if not reservation.instances:
                del backend.reservations[id]
    backend.tags.pop(which.id, None)


@before("StopInstances", "StartInstances", "RebootInstances")
def state_allows_it(call: Call) -> None:
    """ "IncorrectInstanceState": only what runs stops, only what is stopped starts."""
    wrong = {
        "StopInstances": ("shutting-down", "terminated", "pending"),
        "StartInstances": ("shutting-down", "terminated", "stopping"),
        "RebootInstances": ("shutting-down", "terminated", "stopping", "stopped", "pending"),
    }[call.action]
    for id in call.params["InstanceIds"]:
        state = instance(call, id).state
        if state in wrong:
            raise EC2Error(
                "IncorrectInstanceState",
                f"The instance '{id}' is not in a state from which it can be "
                f"{'started' if call.action.startswith('Start') else 'stopped'}: it is {state}.",
            )


@before("StopInstances")
def protected_hosts_are_not_stopped(call: Call) -> None:
    """As recordings of real accounts have it, word by word."""
    for id in call.params["InstanceIds"]:
        if instance(call, id).disable_api_stop:
            raise EC2Error(
                "OperationNotPermitted",
                f"The instance '{id}' may not be stopped. "
                "Modify its 'disableApiStop' instance attribute and try again.",
            )


@after("StopInstances", "StartInstances")
def stops_and_starts_take_time(call: Call, result: Any) -> None:
    """Stopping, then stopped; pending, then running. What is there already stays."""
    through, end = ("stopping", "stopped") if call.action == "StopInstances" else ("pending", "running")
    for told in result["StoppingInstances" if through == "stopping" else "StartingInstances"]:
        if told["PreviousState"].name == end:
            told["CurrentState"] = told["PreviousState"]
            continue
        which = instance(call, told["InstanceId"])
        become(which, through)
        if through == "pending":
            which.launch_time = datetime.fromtimestamp(call.now, UTC).replace(tzinfo=None)
        _later(call.there, which, end)


@instead("ModifyInstanceAttribute")
def attributes_change_one_at_a_time(call: Call) -> None:
    """ "You can specify only one attribute at a time"; type and user data of a stopped instance only."""
    which = instance(call, call.params["InstanceId"])
    given = {name: value for name, value in call.params.items() if name not in ("InstanceId", "DryRun")}
    if len(given) != 1:
        raise EC2Error("InvalidParameterCombination", "Fields for multiple attribute types specified")
    name, value = next(iter(given.items()))
    if name in ("InstanceType", "UserData") and which.state != "stopped":
        raise EC2Error("IncorrectInstanceState", f"The instance '{which.id}' is not in the 'stopped' state.")
    if name == "Groups":
        for nic in which.nics.values():
            nic._group_set = [KINDS["sg"].find(call.backend, id) for id in value]
        which.security_groups = []
        return
    attribute = _ATTRIBUTES.get(name)
    if attribute is None:
        raise EC2Error("InvalidParameterValue", f"the bed does not change the attribute {name}")
    setattr(which, attribute, value["Value"])


_ATTRIBUTES = {
    "InstanceType": "instance_type",
    "UserData": "user_data",
    "DisableApiTermination": "disable_api_termination",
    "DisableApiStop": "disable_api_stop",
    "SourceDestCheck": "source_dest_check",
    "InstanceInitiatedShutdownBehavior": "instance_initiated_shutdown_behavior",
}


@shown("DescribeInstances", "RunInstances")
def instances_look_as_they_are(call: Call, told: dict[str, Any]) -> None:
    """A terminated instance has no network and no disks any more; a token is shown if one was given.

    Its groups are those of its first interface; moto shows only those that were given beside it.
    """
    reservations = told.get("Reservations", [told])
    by_id = {each.id: each for each in instances(call.backend)}
    for reservation in reservations:
        for shown_instance in reservation["Instances"]:
            which = by_id[shown_instance["InstanceId"]]
            if which.client_token == "ABCDE":
                shown_instance.pop("ClientToken", None)
            interfaces = shown_instance.get("NetworkInterfaces", ())
            if interfaces:
                shown_instance["SecurityGroups"] = interfaces[0]["Groups"]
            if which.state == "terminated":
                for name in _NETWORK:
                    shown_instance.pop(name, None)


_NETWORK = (
    "VpcId",
    "SubnetId",
    "PrivateIpAddress",
    "PrivateDnsName",
    "PublicIpAddress",
    "PublicDnsName",
    "NetworkInterfaces",
    "SecurityGroups",
    "BlockDeviceMappings",
)
