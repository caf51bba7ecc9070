"""Every EC2 action that this provider calls, by what it does. Rates and permissions use this one list."""

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
"""Actions that create. The request itself carries the owner's tags."""

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
"""Actions that change a resource. portinfra calls each only on resources that have its tags."""

TIGHTENS = ("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress")
"""Actions on the default group that EC2 creates with a network, before that group has portinfra's tags."""

TAGS = "CreateTags"

QUOTAS = ("GetServiceQuota",)
"""Actions of Service Quotas.

Without the permission, a plan states its needs and compares them with no quota.
"""

KEYS = ("DescribeKey",)
"""Actions of KMS. Without the permission, `dr plan` reports that the state of a key is unknown."""

ALL = (*READS, *CREATES, *CHANGES, *TIGHTENS, TAGS)


def policy() -> dict[str, Any]:
    """Return the least IAM policy that a topology needs, as the JSON document that the console takes.

    The policy allows changes only to resources that have portinfra's tag. A customer managed key needs the
    last statement. Narrow its resource to that key.
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
