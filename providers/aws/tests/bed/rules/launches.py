"""RunInstances: what EC2 checks before it takes a launch, and what it makes beside the instance.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

import base64
import binascii
import ipaddress
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

from bed.call import Call, after, before, shown
from bed.errors import EC2Error
from bed.kinds import KINDS, instances
from bed.rules import kms

ROOT_GIB = 8
"""How large the images' own snapshots are; moto says 15 of every one."""

USER_DATA_MAX = 16 * 1024


def _place(call: Call) -> dict[str, Any]:
    """Where an instance shall lie: the first network interface, or the request itself."""
    interfaces = call.params.get("NetworkInterfaces")
    if not interfaces:
        return call.params
    for name in ("SubnetId", "SecurityGroupIds", "SecurityGroups", "PrivateIpAddress"):
        if name in call.params:
            raise EC2Error(
                "InvalidParameterCombination",
                f"Network interfaces and an instance-level {name} may not be specified on the same request",
            )
    first: dict[str, Any] = interfaces[0]
    if "DeviceIndex" not in first:
        raise EC2Error("MissingParameter", "Each network interface requires a device index.")
    first.setdefault("DeleteOnTermination", True)  # "true" unless said otherwise, for one made at launch
    first.setdefault("AssociatePublicIpAddress", False)
    return first


@before("RunInstances")
def launch_is_possible(call: Call) -> None:
    """Image, machine type and zone fit together; address and groups fit the subnet."""
    place = _place(call)
    subnet = KINDS["subnet"].find(call.backend, place.get("SubnetId", ""))
    if subnet is None:
        raise EC2Error("MissingInput", "No subnet is named, and the bed has no default one.")
    _check_image_and_type(call, subnet.availability_zone)
    _check_count(call, place)
    _check_address(call, place, subnet)
    groups = place.get("Groups") or place.get("SecurityGroupIds") or []
    for id in groups:
        if KINDS["sg"].find(call.backend, id).vpc_id != subnet.vpc_id:
            raise EC2Error(
                "InvalidParameter",
                f"Security group {id} and subnet {subnet.id} belong to different networks.",
            )
    key = call.params.get("KeyName")
    if key and key not in call.backend.key_pairs:
        raise EC2Error("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")
    _check_user_data(call.params.get("UserData"))


def _check_image_and_type(call: Call, zone: str) -> None:
    image = KINDS["ami"].find(call.backend, call.params.get("ImageId", ""))
    if image is None:
        raise EC2Error("MissingParameter", "The request must contain the parameter ImageId")
    name = call.params.get("InstanceType", "m1.small")
    known = INSTANCE_TYPES.get(name)
    offered = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(call.region, ())
    zones = sorted(each["Location"] for each in offered if each["InstanceType"] == name)
    if known is None or not zones:
        raise EC2Error("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    if zone not in zones:
        raise EC2Error(
            "Unsupported",
            f"Your requested instance type ({name}) is not supported in your requested Availability Zone "
            f"({zone}). Please retry your request by choosing {', '.join(zones)}.",
        )
    fitting = known["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in fitting:
        raise EC2Error(
            "InvalidParameterValue",
            f"The architecture '{','.join(fitting)}' of the specified instance type does not match "
            f"the architecture '{image.architecture}' of the specified AMI.",
        )


def _check_count(call: Call, place: dict[str, Any]) -> None:
    """moto launches MinCount; EC2 as many as it can, and one only where an address is given."""
    low, high = call.params["MinCount"], call.params["MaxCount"]
    if not 1 <= low <= high:
        raise EC2Error("InvalidParameterValue", f"Invalid value '{low}' for instanceCount")
    if high > 1 and "PrivateIpAddress" in place:
        raise EC2Error(
            "InvalidParameterCombination",
            "You cannot specify a private IP address with more than one instance",
        )
    call.params["MinCount"] = high


def _check_address(call: Call, place: dict[str, Any], subnet: Any) -> None:
    """ "The first four IP addresses and the last IP address in each subnet CIDR block are not available"."""
    text = place.get("PrivateIpAddress")
    if text is None:
        return
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise EC2Error("InvalidParameterValue", f"Invalid value '{text}' for address") from None
    if address not in subnet.cidr:
        raise EC2Error("InvalidParameterValue", "Address does not fall within the subnet's address range")
    number = int(address) - int(subnet.cidr.network_address)
    if number < 4 or address == subnet.cidr.broadcast_address:
        raise EC2Error("InvalidParameterValue", "Address is in subnet's reserved address range")
    taken = {
        each["PrivateIpAddress"]
        for eni in call.backend.enis.values()
        if eni.subnet_id == subnet.id
        for each in eni.private_ip_addresses
    }
    if text in taken:
        raise EC2Error("InvalidIPAddress.InUse", f"Address {text} is in use.")


def _check_user_data(text: str | None) -> None:
    """ "User data is limited to 16 KB, in raw form, before it is base64-encoded"."""
    if text is None:
        return
    try:
        size = len(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise EC2Error("InvalidParameterValue", "Invalid BASE64 encoding of user data.") from None
    if size > USER_DATA_MAX:
        raise EC2Error("InvalidParameterValue", f"User data is limited to {USER_DATA_MAX} bytes")


@before("RunInstances")
def root_volume_follows_the_image(call: Call) -> None:
    """The image's root volume is there whether mapped or not; a mapping overrides what it names of it."""
    image = KINDS["ami"].find(call.backend, call.params["ImageId"])
    mappings = call.params.setdefault("BlockDeviceMappings", [])
    root = next((each for each in mappings if each.get("DeviceName") == image.root_device_name), None)
    if root is None:
        root = {"DeviceName": image.root_device_name}
        mappings.insert(0, root)
    for mapping in mappings:
        if "Ebs" not in mapping and mapping is not root:
            raise EC2Error("InvalidBlockDeviceMapping", "Each block device mapping must say what it maps.")
        disk = mapping.setdefault("Ebs", {})
        if kms.by_default(call):
            disk["Encrypted"] = True
        if mapping is root:
            disk.setdefault("VolumeSize", ROOT_GIB)
            disk.setdefault("DeleteOnTermination", True)
            if disk["VolumeSize"] < ROOT_GIB:
                raise EC2Error(
                    "InvalidBlockDeviceMapping",
                    f"Volume of size {disk['VolumeSize']}GB is smaller than snapshot "
                    f"'{image.ebs_snapshot.id}', expect size >= {ROOT_GIB}GB",
                )
        if disk.get("KmsKeyId") and not disk.get("Encrypted"):
            raise EC2Error(
                "InvalidBlockDeviceMapping", "the parameter KmsKeyId requires the parameter Encrypted"
            )


@before("RunInstances")
def capacity_is_left(call: Call) -> None:
    """InsufficientInstanceCapacity is a server error: it comes with status 500."""
    subnet = KINDS["subnet"].find(call.backend, _place(call)["SubnetId"])
    name = call.params.get("InstanceType", "m1.small")
    place = f"{subnet.availability_zone} {name}"
    limit = call.there.settings.capacity.get(place)
    if subnet.availability_zone in call.there.settings.exhausted:
        limit = 0
    if limit is None:
        return
    used = sum(
        f"{each.availability_zone} {each.instance_type}" == place and each.state in ("pending", "running")
        for each in instances(call.backend)
    )
    if used + call.params["MaxCount"] > limit:
        raise EC2Error(
            "InsufficientInstanceCapacity",
            f"We currently do not have sufficient {name} capacity in the Availability Zone you requested "
            f"({subnet.availability_zone}). Our system will be working on provisioning additional capacity.",
            status=500,
        )


@after("RunInstances")
def interfaces_bear_their_tags(call: Call, result: Any) -> None:
    """moto tags instance and volumes only, and forgets the rate and speed of a gp3 root."""
    tags = {
        tag["Key"]: tag["Value"]
        for each in call.params.get("TagSpecifications", ())
        if each.get("ResourceType") == "network-interface"
        for tag in each.get("Tags", ())
    }
    for instance in result.instances:
        for nic in instance.nics.values():
            nic.add_tags(tags)


@shown("DescribeImages")
def images_are_as_large_as_they_are(call: Call, told: dict[str, Any]) -> None:
    """As Debian's and Ubuntu's: 8 GiB."""
    for image in told["Images"]:
        for mapping in image["BlockDeviceMappings"]:
            mapping["Ebs"]["VolumeSize"] = ROOT_GIB
