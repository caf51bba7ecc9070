"""The wire of the EBS direct APIs: REST, with JSON for lists and errors, and blocks as they are.

https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from attrs import define

from bed import validation
from bed.errors import THROTTLED, EC2Error
from bed.official import Operation
from portinfra.testing.emulator import Response

_PATH = re.compile(r"/snapshots/([^/?]+)/blocks(?:/([^/?]+))?/?")


@define
class EBSError(EC2Error):
    """An error of EBS direct, which tells its reason by a word of an enumeration."""

    reason: str = ""


_WORDS: Mapping[str, tuple[str, int, str]] = {
    THROTTLED: ("RequestThrottledException", 400, "ACCOUNT_THROTTLED"),
    "InternalError": ("InternalServerException", 500, ""),
    "Unavailable": ("ServiceUnavailableException", 503, ""),
    "AuthFailure": ("UnrecognizedClientException", 403, ""),
    "MissingAuthenticationToken": ("MissingAuthenticationTokenException", 403, ""),
    "RequestExpired": ("ExpiredTokenException", 403, ""),
    "SignatureDoesNotMatch": ("InvalidSignatureException", 403, ""),
}
"""What EC2 says by a code, as services of this protocol say it: code, status, reason."""


def asked(method: str, url: str) -> tuple[str, dict[str, str]] | None:
    """The action and the parameters of a request for blocks, as they were sent; None where it is none."""
    path, _, query = url.partition("?")
    found = _PATH.fullmatch(path)
    if method != "GET" or found is None:
        return None
    snapshot, index = found.groups()
    named = {"snapshotId": unquote(snapshot), **({"blockIndex": unquote(index)} if index else {})}
    action = "GetSnapshotBlock" if index else "ListSnapshotBlocks"
    return action, {**dict(parse_qsl(query, keep_blank_values=True)), **named}


def parameters(operation: Operation, flat: Mapping[str, str]) -> dict[str, Any]:
    """The parameters as boto3 would name them. Raises EBSError for the first that is wrong."""
    names = {member.serialization["name"]: name for name, member in operation.given.members.items()}
    given = {}
    for sent, text in flat.items():
        if sent not in names:
            raise _invalid(f"there is no parameter {sent}")
        member = operation.given.members[names[sent]]
        if not re.fullmatch(member.metadata.get("pattern", ".*"), text):
            raise _invalid(f"{sent} does not match {member.metadata['pattern']}")
        try:
            given[names[sent]] = validation.leaf(member, text, sent)
        except EC2Error as error:
            raise _invalid(error.message) from error
    for name in operation.given.required_members:
        if name not in given:
            raise _invalid(f"{name} is missing")
    return given


def _invalid(message: str) -> EBSError:
    return EBSError("ValidationException", message, 400, "INVALID_PARAMETER_VALUE")


def answer(operation: Operation, told: Mapping[str, Any]) -> Response:
    """The response to a request that succeeded."""
    members = operation.told.members
    headers = {
        members[name].serialization["name"]: str(value)
        for name, value in told.items()
        if members[name].serialization.get("location") == "header"
    }
    payload = operation.told.serialization.get("payload")
    if payload:
        return Response(200, told[payload], "application/octet-stream", headers)
    return Response(200, json.dumps(told), "application/json", headers)


def refusal(error: EC2Error) -> Response:
    """The response to a request that failed."""
    code, status, reason = _WORDS.get(error.code, (error.code, error.status, getattr(error, "reason", "")))
    body = {"Message": error.message, **({"Reason": reason} if reason else {})}
    return Response(status, json.dumps(body), "application/json", {"x-amzn-ErrorType": code})
