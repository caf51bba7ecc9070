"""Claims: network definitions that never run. Their names are unique on a hypervisor, and they have metadata.

A claim is taken on all hypervisors that answer, in their order.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from portinfra.model.address import Address, Scope
from portinfra.model.claim import Claim, Holder, from_json, to_json
from portinfra.provider.interface import Answer, Call, ClaimDriver
from portinfra_libvirt import networks, xml

_NOBODY = Holder("unknown", "unknown", "", "")


class LibvirtClaims(ClaimDriver):
    """The claims of a scope are the network definitions whose names begin with its hash."""

    def survey(self, scope: Scope) -> Call:
        """All claims of the scope, by their names."""
        return Call("ListClaims", {"prefix": name(scope, "")})

    def assemble(self, answers: Sequence[Answer]) -> list[Claim]:
        """Those of the scope. What somebody has made unreadable is nobody's, and soon taken over."""
        return [_claim(record) for answer in answers for record in answer["networks"] if _number(record)]

    def take(self, scope: Scope, claim: Claim) -> Call:
        """Define it under a new UUID; AlreadyExists where the name is taken."""
        return _call("TakeClaim", claim.number, document=_document(scope, claim))

    def write(self, scope: Scope, claim: Claim) -> Call:
        """Define it anew under its own UUID."""
        where = {"name": name(scope, claim.number), "document": _document(scope, claim)}
        return _call("WriteClaim", claim.number, safe=True, **where)

    def drop(self, scope: Scope, number: int) -> Call:
        """Undefine it."""
        return _call("DropClaim", number, safe=True, name=name(scope, number))


def name(scope: Scope, number: int | str) -> str:
    """The name of the network definition that is claim number so."""
    return f"portinfra-{scope.hash}-claim-{number}"


def _call(action: str, number: int, *, safe: bool = False, **parameters: Any) -> Call:
    return Call(action, parameters, Address(f"claim.{number}"), safe=safe)


def _document(scope: Scope, claim: Claim) -> str:
    said = json.dumps({"scope": str(scope), "claim": to_json(claim)}, separators=(",", ":"))
    return (
        f"<network><name>{name(scope, claim.number)}</name>"
        f"<metadata>{xml.owner_element(networks.URI, said)}</metadata></network>"
    )


def _number(record: Mapping[str, Any]) -> int:
    number = str(record["name"]).rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _claim(record: Mapping[str, Any]) -> Claim:
    try:
        return from_json(json.loads(record["said"])["claim"])
    except (KeyError, TypeError, ValueError):
        return Claim(_number(record), _NOBODY)
