"""A claim is a note: its name can be had once, and there is room for text in it."""

import json
from collections.abc import Sequence
from typing import Any

from portinfra.model.address import Address, Scope
from portinfra.model.claim import Claim, from_json, to_json
from portinfra.provider.interface import Answer, Call, ClaimDriver

from .drivers.common import list_call


class ToyClaims(ClaimDriver):
    def survey(self, scope: Scope) -> Call:
        return list_call("notes", scope)

    def assemble(self, answers: Sequence[Answer]) -> list[Claim]:
        return [from_json(json.loads(note["text"])) for page in answers for note in page["items"]]

    def take(self, scope: Scope, claim: Claim) -> Call:
        labels = {"scope": scope.hash}
        body = {"name": _name(scope, claim.number), "labels": labels, "text": json.dumps(to_json(claim))}
        return _call("POST /notes", claim.number, body, safe=False)

    def write(self, scope: Scope, claim: Claim) -> Call:
        body = {"id": _name(scope, claim.number), "text": json.dumps(to_json(claim))}
        return _call("PATCH /notes/{id}", claim.number, body, safe=True)

    def drop(self, scope: Scope, number: int) -> Call:
        return _call("DELETE /notes/{id}", number, {"id": _name(scope, number)}, safe=True)


def _name(scope: Scope, number: int) -> str:
    return scope.native_name(f"claim-{number}")


def _call(action: str, number: int, body: dict[str, Any], *, safe: bool) -> Call:
    return Call(action, body, Address(f"claim.{number}"), rates=("requests",), safe=safe)
