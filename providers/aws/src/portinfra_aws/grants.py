"""Permissions that both accounts of a recovery plan must grant, so that the target can copy snapshots.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html#share-kms-key
"""

import json
from typing import Any

from portinfra.model.environment import Environment

_READING = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom"]
_WRITING = ["kms:CreateGrant", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptTo"]


def grants(source: Environment, target: Environment) -> str:
    """Return a JSON document with a policy for each of the two accounts, and where each policy belongs.

    portinfra itself shares the snapshots. Both accounts also need its own policy (`portinfra providers aws
    --iam-policy`).
    """
    return json.dumps({"source": _source(source, target), "target": _target(source, target)}, indent=2)


def _source(source: Environment, target: Environment) -> dict[str, Any]:
    reader = target.account or "ACCOUNT-OF-THE-TARGET"
    return {
        "account": source.account,
        "where": f"a statement of the key policy of {source.key} in {source.region}",
        "policy": {
            "Sid": "RecoveryMayCopySnapshots",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{reader}:root"},
            "Action": _READING,
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": f"ec2.{source.region}.amazonaws.com"}},
        },
    }


def _target(source: Environment, target: Environment) -> dict[str, Any]:
    owner = source.account or "ACCOUNT-OF-THE-SOURCE"
    return {
        "account": target.account,
        "where": f"an IAM policy of the identity that replicates with the credentials of {target.name}",
        "policy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "ReadWithTheKeyOfTheSource",
                    "Effect": "Allow",
                    "Action": _READING,
                    "Resource": f"arn:aws:kms:{source.region}:{owner}:key/*",
                },
                {
                    "Sid": "WriteWithOurOwn",
                    "Effect": "Allow",
                    "Action": _WRITING,
                    "Resource": f"arn:aws:kms:{target.region}:{target.account or '*'}:key/*",
                },
            ],
        },
    }
