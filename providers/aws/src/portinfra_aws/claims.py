"""Claims: key pairs that open nothing. Their names can be taken once in a region, and their tags have room.

The claim's fields lie in tags, one each, so that a console shows who is at work.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from portinfra.model.address import Address, Scope
from portinfra.model.claim import Claim, Holder
from portinfra.provider.interface import Answer, Call, ClaimDriver
from portinfra_aws import rates
from portinfra_aws.marks import PREFIX, SCOPE, pairs, specification
from portinfra_aws.query import where

PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINF1beEjtpvIz7bdANob2ZqL34AEGiLNO8X88VX+jgk+ portinfra-claim"
)
"""Nobody has the private half: it was thrown away unseen."""

VALUE_MAX = 256

_NOBODY = Holder("unknown", "unknown", "", "")


class AwsClaims(ClaimDriver):
    """The claims of a scope are the key pairs whose names begin with its hash.

    EC2 tags a key pair by its id, and a claim is known by its name: the provider, which has seen the ids,
    puts them in.
    """

    def survey(self, scope: Scope) -> Call:
        """All claims of the scope, by their names; this list has no pages."""
        return _call("DescribeKeyPairs", {"Filter": [where("key-name", name(scope, "*"))]})

    def assemble(self, answers: Sequence[Answer]) -> list[Claim]:
        """Those of the scope. One whose tags somebody has removed is nobody's, and so soon taken over."""
        records = (record for answer in answers for record in answer.get("keySet") or ())
        return [_claim(record) for record in records if _number(record).isdigit()]

    def take(self, scope: Scope, claim: Claim) -> Call:
        """Import it; AlreadyExists where somebody else has."""
        parameters = {
            "KeyName": name(scope, claim.number),
            "PublicKeyMaterial": base64.b64encode(PUBLIC_KEY.encode()).decode(),
            "TagSpecification": [specification("key-pair", _tags(scope, claim))],
        }
        return _call("ImportKeyPair", parameters, claim.number)

    def write(self, scope: Scope, claim: Claim) -> Call:
        """Overwrite its tags."""
        parameters = {"ResourceId": [name(scope, claim.number)], "Tag": pairs(_tags(scope, claim))}
        return _call("CreateTags", parameters, claim.number, safe=True)

    def drop(self, scope: Scope, number: int) -> Call:
        """Delete it."""
        return _call("DeleteKeyPair", {"KeyName": name(scope, number)}, number, safe=True)


def name(scope: Scope, number: int | str) -> str:
    """The name of the key pair that is claim number so."""
    return f"portinfra-{scope.hash}-claim-{number}"


def _call(
    action: str, parameters: Mapping[str, Any], number: int | None = None, *, safe: bool = False
) -> Call:
    address = Address(f"claim.{number}") if number is not None else None
    return Call(action, parameters, address, rates=rates.classes(action), safe=safe)


def _tags(scope: Scope, claim: Claim) -> dict[str, str]:
    holder = claim.holder
    fields = {
        "user": holder.user,
        "host": holder.host,
        "machine": holder.machine,
        "process": holder.process,
        "beat": str(claim.beat),
        "since": claim.since,
        "active-at": repr(claim.active_at),
        "released": "yes" if claim.released else "no",
        "epoch": str(claim.epoch),
        "fenced": "yes" if claim.fenced else "no",
        "version": claim.version,
        "peer": claim.peer,
    }
    pieces = _pieces(claim.note)  # counted, as those of a longer note before it stay
    fields |= {"notes": str(len(pieces))} | {f"note-{i}": piece for i, piece in enumerate(pieces)}
    return {SCOPE: str(scope), **{PREFIX + key: value[:VALUE_MAX] for key, value in fields.items()}}


def _pieces(note: str) -> list[str]:
    """The note, in as many values as it needs."""
    return [note[i : i + VALUE_MAX] for i in range(0, len(note), VALUE_MAX)]


def _number(record: Mapping[str, Any]) -> str:
    return str(record["keyName"]).rpartition("-")[2]


def _claim(record: Mapping[str, Any]) -> Claim:
    number = int(_number(record))
    tags = {tag["key"].removeprefix(PREFIX): tag.get("value", "") for tag in record.get("tagSet") or ()}
    try:
        return Claim(
            number,
            Holder(tags["user"], tags["host"], tags["machine"], tags["process"]),
            beat=int(tags["beat"]),
            since=tags["since"],
            active_at=float(tags["active-at"]),
            released=tags["released"] == "yes",
            epoch=int(tags["epoch"]),
            fenced=tags.get("fenced") == "yes",
            version=tags["version"],
            peer=tags.get("peer", ""),
            note="".join(tags[f"note-{i}"] for i in range(int(tags.get("notes", "0")))),
        )
    except (KeyError, ValueError):
        return Claim(number, _NOBODY)
