"""What must be allowed so that a host of one's own reads a snapshot's blocks.

https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-permissions.html
"""

import json
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra_aws import marks

_DEFAULT_KEY = "alias/aws/ebs"


def block_grants(environment: Environment, taken: Scope) -> str:
    """A JSON document: who may be in the role, what the role may do with the snapshots of that scope, and who
    may pass it to a host.
    """
    account = environment.account or "ACCOUNT"
    role = "the role in the instance profile"
    documents = {
        "trust": _document(f"the trust policy of {role}", _trust()),
        "role": _document(f"an IAM policy of {role}", *_read_snapshots(environment, account, taken)),
        "pass": _document(
            f"an IAM policy of the identity that replicates with the credentials of {environment.name}",
            _passing(account),
        ),
    }
    return json.dumps({"account": environment.account, **documents}, indent=2)


def _document(where: str, *statements: dict[str, Any]) -> dict[str, Any]:
    return {"where": where, "policy": {"Version": "2012-10-17", "Statement": list(statements)}}


def _trust() -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


def _read_snapshots(environment: Environment, account: str, taken: Scope) -> tuple[dict[str, Any], ...]:
    """Snapshots are ARNs without an account; those alone whose tag says that they are of this scope."""
    read = {
        "Sid": "ReadBlocksOfOurSnapshots",
        "Effect": "Allow",
        "Action": ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"],
        "Resource": f"arn:aws:ec2:{environment.region}::snapshot/*",
        "Condition": {"StringEquals": {f"aws:ResourceTag/{marks.SCOPE}": str(taken)}},
    }
    return read, *(_decrypt(key, environment.region, account) for key in _keys(environment))


def _keys(environment: Environment) -> list[str]:
    """Those that the environment names, or EBS's own. What a volume names itself is not known here."""
    return sorted({environment.key or _DEFAULT_KEY, *environment.keys.values()})


def _decrypt(key: str, region: str, account: str) -> dict[str, Any]:
    """A policy names a key by its ARN, which may be of another account; an alias is no resource but a
    condition: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    statement = {"Effect": "Allow", "Action": "kms:Decrypt"}
    where, name = f"arn:aws:kms:{region}:{account}", key
    if key.startswith("arn:"):
        where, _, name = key.rpartition(":")
    if name.startswith("alias/"):
        condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": name}}
        return {**statement, "Resource": f"{where}:key/*", "Condition": condition}
    return {**statement, "Resource": f"{where}:key/{name.removeprefix('key/')}"}


def _passing(account: str) -> dict[str, Any]:
    return {
        "Sid": "PassTheRoleOfTheProfile",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": f"arn:aws:iam::{account}:role/NAME-OF-THE-ROLE",
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    }
