"""Every action that this provider asks of EC2, by what it does: the one list for rates and permissions."""

from typing import Any

READS = (
    "DescribeAccountAttributes",
    "DescribeAddresses",
    "DescribeAvailabilityZones",
    "DescribeImages",
    "DescribeInstanceTypeOfferings",
    "DescribeInstances",
    "DescribeInternetGateways",
    "DescribeKeyPairs",
    "DescribeLockedSnapshots",
    "DescribeNetworkInterfaces",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
    "DescribeSnapshotAttribute",
    "DescribeSnapshots",
    "DescribeSubnets",
    "DescribeVolumes",
    "DescribeVolumesModifications",
    "DescribeVpcAttribute",
    "DescribeVpcs",
    "GetConsoleOutput",
)

CREATES = (
    "AllocateAddress",
    "CopySnapshot",
    "CreateInternetGateway",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSnapshot",
    "CreateSubnet",
    "CreateVolume",
    "CreateVpc",
    "ImportKeyPair",
    "RunInstances",
)
"""Each bears its owner's tags from its first moment."""

CHANGES = (
    "AssociateAddress",
    "AssociateRouteTable",
    "AttachInternetGateway",
    "AttachVolume",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateRoute",
    "DeleteInternetGateway",
    "DeleteKeyPair",
    "DeleteRoute",
    "DeleteRouteTable",
    "DeleteSecurityGroup",
    "DeleteSnapshot",
    "DeleteSubnet",
    "DeleteTags",
    "DeleteVolume",
    "DeleteVpc",
    "DetachInternetGateway",
    "DetachVolume",
    "DisassociateAddress",
    "DisassociateRouteTable",
    "LockSnapshot",
    "ModifyInstanceAttribute",
    "ModifyInstanceMetadataOptions",
    "ModifySnapshotAttribute",
    "ModifySubnetAttribute",
    "ModifyVolume",
    "ModifyVpcAttribute",
    "ReleaseAddress",
    "ReplaceRoute",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
)
"""Each is asked only of what bears our tags."""

TIGHTENS = ("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress")
"""Asked of the default group that EC2 makes with a network, before it bears our tags."""

TAGS = "CreateTags"

QUOTAS = ("GetServiceQuota",)
"""Asked of Service Quotas. Without the permission a plan says what it needs, and compares it with nothing."""

KEYS = ("DescribeKey",)
"""Asked of KMS. Without the permission `dr plan` says that it is not known whether a key can be used."""

ALL = (*READS, *CREATES, *CHANGES, *TIGHTENS, TAGS)


def policy() -> dict[str, Any]:
    """The least IAM policy that a topology needs, as the JSON document that the console takes.

    What exists is changed only where it bears portinfra's tag. A key of one's own needs the last statement;
    narrow its resource to that key.
    """
    ours = {"Null": {"aws:ResourceTag/portinfra:scope": "false"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("Look", READS),
            _allow("Create", CREATES),
            _allow("Mark", (TAGS,)),
            _allow("Tighten", TIGHTENS),
            _allow("ChangeWhatIsOurs", CHANGES, ours),
            _allow("ReadQuotasIfYouLike", QUOTAS, service="servicequotas"),
            _allow("ReadKeysIfYouLike", KEYS, service="kms"),
            {
                "Sid": "UseTheKey",
                "Effect": "Allow",
                "Action": [
                    "kms:CreateGrant",
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:GenerateDataKeyWithoutPlaintext",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                ],
                "Resource": "*",
                "Condition": {"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}},
            },
        ],
    }


def _allow(
    title: str, names: tuple[str, ...], condition: dict[str, Any] | None = None, service: str = "ec2"
) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": title,
        "Effect": "Allow",
        "Action": [f"{service}:{name}" for name in names],
        "Resource": "*",
    }
    return {**statement, "Condition": condition} if condition else statement
