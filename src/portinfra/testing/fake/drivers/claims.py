"""Claims: records whose name can be created once, with the claim in them."""

import json
from collections.abc import Sequence

from portinfra.model.address import Address, Scope
from portinfra.model.claim import Claim, from_json, to_json
from portinfra.provider.interface import Answer, Call, ClaimDriver


class FakeClaims(ClaimDriver):
    """The claims of a scope are the records whose name begins with its hash."""

    def survey(self, scope: Scope) -> Call:
        """All claims of the account here."""
        return Call("ListClaims", {"prefix": _name(scope, "")}, safe=True)

    def assemble(self, answers: Sequence[Answer]) -> list[Claim]:
        """Those of the scope."""
        records = [record for answer in answers for record in answer["records"]]
        there = [record["value"] for record in records if record["state"] != "terminated"]
        return [from_json(json.loads(value)) for value in there]

    def take(self, scope: Scope, claim: Claim) -> Call:
        """Create it; AlreadyExists where somebody else has."""
        return _change("CreateClaim", scope, claim.number, claim)

    def write(self, scope: Scope, claim: Claim) -> Call:
        """Overwrite it."""
        return _change("WriteClaim", scope, claim.number, claim)

    def drop(self, scope: Scope, number: int) -> Call:
        """Remove it."""
        return _change("DeleteClaim", scope, number)


def _change(action: str, scope: Scope, number: int, claim: Claim | None = None) -> Call:
    parameters = {"name": _name(scope, str(number))}
    if claim is not None:
        parameters["value"] = json.dumps(to_json(claim))
    return Call(action, parameters, Address(f"claim.{number}"), safe=action != "CreateClaim")


def _name(scope: Scope, number: str) -> str:
    return f"portinfra-{scope.hash}-claim-{number}"
