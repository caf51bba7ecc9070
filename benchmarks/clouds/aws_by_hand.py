"""By hand, with boto3, as tersely as can be: `create|again HOSTS`. It finds nothing again if it dies."""

import sys

import boto3
from on_aws import IMAGE_NAME, IMAGE_OWNER, MACHINE, REGION, ZONES
from shape import FLOWS, FRONT_PORT, NETWORK, ROLES, hosts, subnet

ec2 = boto3.client("ec2", region_name=REGION)
WORLD = [{"CidrIp": "0.0.0.0/0"}]


def tags(kind: str, name: str) -> list[dict]:
    """What a creation says of itself."""
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, {"Key": "by", "Value": "hand"}]}]


def permission(port: int, **peer: object) -> list[dict]:
    """One TCP port."""
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}]


def create(count: int) -> None:
    """All of it."""
    images = ec2.describe_images(Owners=[IMAGE_OWNER], Filters=[{"Name": "name", "Values": [IMAGE_NAME]}])
    image = max(images["Images"], key=lambda each: each["CreationDate"])["ImageId"]
    vpc = ec2.create_vpc(CidrBlock=NETWORK, TagSpecifications=tags("vpc", "main"))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway", "main"))
    gateway_id = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tags("route-table", "public"))["RouteTable"]
    ec2.create_route(
        RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id
    )
    subnets, groups = {}, {}
    for role in ROLES:
        for number, zone in enumerate(ZONES):
            made = ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=subnet(role, number),
                AvailabilityZone=zone,
                TagSpecifications=tags("subnet", f"{role}-{number}"),
            )
            subnets[role, number] = made["Subnet"]["SubnetId"]
            if role == ROLES[0]:
                ec2.associate_route_table(RouteTableId=table["RouteTableId"], SubnetId=subnets[role, number])
        group = ec2.create_security_group(
            GroupName=role, Description=role, VpcId=vpc, TagSpecifications=tags("security-group", role)
        )
        groups[role] = group["GroupId"]
        everything = [{"IpProtocol": "-1", "IpRanges": WORLD}]
        ec2.revoke_security_group_egress(GroupId=groups[role], IpPermissions=everything)
    ec2.authorize_security_group_ingress(
        GroupId=groups[ROLES[0]], IpPermissions=permission(FRONT_PORT, IpRanges=WORLD)
    )
    for source, target, port in FLOWS:
        pairs = [{"GroupId": groups[target]}]
        ec2.authorize_security_group_egress(
            GroupId=groups[source], IpPermissions=permission(port, UserIdGroupPairs=pairs)
        )
        pairs = [{"GroupId": groups[source]}]
        ec2.authorize_security_group_ingress(
            GroupId=groups[target], IpPermissions=permission(port, UserIdGroupPairs=pairs)
        )
    for role, name, zone, address in hosts(count):
        made = ec2.run_instances(
            ImageId=image,
            InstanceType=MACHINE,
            MinCount=1,
            MaxCount=1,
            MetadataOptions={"HttpTokens": "required"},
            BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeType": "gp3"}}
            ],
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "SubnetId": subnets[role, zone],
                    "PrivateIpAddress": address,
                    "Groups": [groups[role]],
                }
            ],
            TagSpecifications=tags("instance", name) + tags("volume", name),
        )
        if role == ROLES[0]:
            elastic = ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip", name))
            ec2.associate_address(
                AllocationId=elastic["AllocationId"], InstanceId=made["Instances"][0]["InstanceId"]
            )


def again(count: int) -> None:
    """Whether all of it is there: each list once."""
    ours = [{"Name": "tag:by", "Values": ["hand"]}]
    ec2.describe_addresses(Filters=ours)
    for action in (
        "describe_vpcs",
        "describe_internet_gateways",
        "describe_route_tables",
        "describe_subnets",
        "describe_security_groups",
        "describe_volumes",
    ):
        for _ in ec2.get_paginator(action).paginate(Filters=ours):
            pass
    found = 0
    for page in ec2.get_paginator("describe_instances").paginate(Filters=ours):
        found += sum(len(reservation["Instances"]) for reservation in page["Reservations"])
    assert found == count, found


{"create": create, "again": again}[sys.argv[1]](int(sys.argv[2]))
