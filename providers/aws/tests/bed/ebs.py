"""The EBS direct APIs: a snapshot's blocks, listed and read with no volume made of it.

https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-elements.html, and what is in quotes:
https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html
"""

import base64
import hashlib
from typing import Any

from bed import engine
from bed.call import Call
from bed.identities import Identity
from bed.rest import EBSError
from bed.rules import contents, kms, permissions
from bed.rules.permissions import Asked

BLOCK_TOKEN_SECONDS = 7 * 24 * 3600
"""How long a block's token is good."""

PAGE_TOKEN_SECONDS = 3600
"""How long the token of a next page is good."""

PAGE = 10_000


def serve(call: Call, caller: Identity) -> dict[str, Any]:
    """Answer a valid request. Raises EBSError."""
    id = call.params["SnapshotId"]
    tags = call.backend.tags.get(id, {})
    arn = f"arn:aws:ec2:{call.region}::snapshot/{id}"
    _allow(call, caller, Asked(f"ebs:{call.action}", arn, (tags,)), "UNAUTHORIZED_ACCOUNT")
    snapshot = _snapshot(call, id)
    if call.action == "ListSnapshotBlocks":
        return _listed(call, snapshot)
    if snapshot.encrypted:
        aliases = {"kms:ResourceAliases": kms.aliases(snapshot.kms_key_id)}
        decrypt = Asked("kms:Decrypt", snapshot.kms_key_id, context=aliases)
        _allow(call, caller, decrypt, "DEPENDENCY_ACCESS_DENIED")
    return _read(call, snapshot)


def _allow(call: Call, caller: Identity, asked: Asked, reason: str) -> None:
    """Of what is encrypted, the caller must be allowed kms:Decrypt with its key, too.

    Which of the two reasons belongs to which is not documented, nor whether a list takes the key.
    """
    if not permissions.granted(call.there.settings, caller, asked):
        raise EBSError(
            "AccessDeniedException", permissions.denied(call.there.settings, caller, asked), 403, reason
        )


def _snapshot(call: Call, id: str) -> Any:
    """One's own, or one that is shared with this account; but no public one, and "only if it has a completed
    status".
    """
    for account, region, backend in engine.backends():
        found = backend.snapshots.get(id)
        if region != call.region or found is None:
            continue
        if account == call.account or call.account in found.create_volume_permission_userids:
            if found.status != "completed":
                raise _invalid("INVALID_SNAPSHOT_ID", f"The snapshot '{id}' is {found.status}")
            return found
    raise EBSError(
        "ResourceNotFoundException", f"The snapshot '{id}' does not exist.", 404, "SNAPSHOT_NOT_FOUND"
    )


def _listed(call: Call, snapshot: Any) -> dict[str, Any]:
    """What was ever written, "in numerical order", in pages that may be smaller than asked for."""
    start = call.params.get("StartingBlockIndex", 0)
    if token := call.params.get("NextToken"):
        start = _opened(call, token, "page", snapshot.id)
        if start is None:
            raise _invalid("INVALID_PAGE_TOKEN", "The page token is not valid, or has expired")
    expires = int(call.now) + BLOCK_TOKEN_SECONDS
    indexes = sorted(index for index in contents.of(snapshot) if index >= start)
    size = min(call.params.get("MaxResults", PAGE), call.there.settings.page_limit or PAGE)
    page, rest = indexes[:size], indexes[size:]
    told: dict[str, Any] = {
        "Blocks": [
            {"BlockIndex": index, "BlockToken": _sealed("block", snapshot.id, index, expires)}
            for index in page
        ],
        "ExpiryTime": expires,
        "VolumeSize": snapshot.volume_size,
        "BlockSize": contents.BLOCK,
    }
    if rest:
        told["NextToken"] = _sealed("page", snapshot.id, rest[0], int(call.now) + PAGE_TOKEN_SECONDS)
    return told


def _read(call: Call, snapshot: Any) -> dict[str, Any]:
    index = call.params["BlockIndex"]
    if _opened(call, call.params["BlockToken"], "block", snapshot.id) != index:
        raise _invalid("INVALID_BLOCK_TOKEN", "The block token is not that block's, or has expired")
    data = contents.of(snapshot)[index]
    return {
        "DataLength": len(data),
        "BlockData": data,
        "Checksum": base64.b64encode(hashlib.sha256(data).digest()).decode(),
        "ChecksumAlgorithm": "SHA256",
    }


def _sealed(kind: str, snapshot: str, index: int, expires: int) -> str:
    """A token that nobody else could have made: what it is for, and a seal."""
    text = f"{kind} {snapshot} {index} {expires}"
    seal = hashlib.sha256(f"the bed's own {text}".encode()).hexdigest()[:16]
    return base64.b64encode(f"{text} {seal}".encode()).decode()


def _opened(call: Call, token: str, kind: str, snapshot: str) -> int | None:
    """The index that a token is for; None where it is another's, nobody's, or too old."""
    try:
        _, _, index, expires, _ = base64.b64decode(token).decode().split(" ")
        genuine = token == _sealed(kind, snapshot, int(index), int(expires))
    except ValueError:
        return None
    return int(index) if genuine and call.now < int(expires) else None


def _invalid(reason: str, message: str) -> EBSError:
    return EBSError("ValidationException", message, 400, reason)
