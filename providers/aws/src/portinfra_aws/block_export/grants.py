"""Permissions that let a host read a snapshot's blocks.

https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-permissions.html
"""

import json
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra_aws import marks

_DEFAULT_KEY = "alias/aws/ebs"


def block_grants(environment: Environment, taken: Scope) -> str:
    """Return a JSON document with three policies: who may take the role, its permissions, and who may pass
    it.

    The role may read only the snapshots of that scope.
    """
    account = environment.account or "ACCOUNT"
    role = "the role in the instance profile"
    documents = {
        "trust": _document(f"the trust policy of {role}", _trust()),
        "role": _document(f"an IAM policy of {role}", *_read_snapshots(environment, account, taken)),
        "pass": _document(
            f"an IAM policy of the identity that replicates with the credentials of {environment.name}",
            _pass_role(account),
        ),
    }
    return json.dumps({"account": environment.account, **documents}, indent=2)


def _document(where: str, *statements: dict[str, Any]) -> dict[str, Any]:
    return {"where": where, "policy": {"Version": "2012-10-17", "Statement": list(statements)}}


def _trust() -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


def _read_snapshots(environment: Environment, account: str, taken: Scope) -> tuple[dict[str, Any], ...]:
    """Return the statements that allow reading.

    Snapshot ARNs have no account, so a tag limits them to the scope.
    """
    read = {
        "Sid": "ReadBlocksOfOurSnapshots",
        "Effect": "Allow",
        "Action": ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"],
        "Resource": f"arn:aws:ec2:{environment.region}::snapshot/*",
        "Condition": {"StringEquals": {f"aws:ResourceTag/{marks.SCOPE}": str(taken)}},
    }
    return read, *(_decrypt(key, environment.region, account) for key in _keys(environment))


def _keys(environment: Environment) -> list[str]:
    """Return the keys that the environment names, or EBS's default.

    A key that a volume names is not known here.
    """
    return sorted({environment.key or _DEFAULT_KEY, *environment.keys.values()})


def _decrypt(key: str, region: str, account: str) -> dict[str, Any]:
    """Return the statement that allows decryption with one key.

    A policy names a key by its ARN, which may be of another account. An alias is not a resource but a
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


def _pass_role(account: str) -> dict[str, Any]:
    return {
        "Sid": "PassTheRoleOfTheProfile",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": f"arn:aws:iam::{account}:role/NAME-OF-THE-ROLE",
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    }
