"""Claims: records whose name can be created once, with the claim in them."""

import json
from collections.abc import Sequence

from attrs import asdict

from portinfra.model.address import Scope
from portinfra.model.claim import Claim, Holder
from portinfra.provider.interface import Answer, Call, ClaimDriver


class FakeClaims(ClaimDriver):
    """The claims of a scope are the records whose name begins with its hash."""

    def survey(self, scope: Scope) -> Call:
        """All claims of the account here."""
        return self._call("ListClaims", {"prefix": _name(scope, "")})

    def assemble(self, answers: Sequence[Answer]) -> list[Claim]:
        """Those of the scope."""
        records = (record for answer in answers for record in answer["records"])
        return [_claim(json.loads(record["value"])) for record in records if record["state"] != "terminated"]

    def take(self, scope: Scope, claim: Claim) -> Call:
        """Create it; AlreadyExists where somebody else has."""
        return self._write("CreateClaim", scope, claim)

    def write(self, scope: Scope, claim: Claim) -> Call:
        """Overwrite it."""
        return self._write("WriteClaim", scope, claim)

    def drop(self, scope: Scope, number: int) -> Call:
        """Remove it."""
        return self._call("DeleteClaim", {"name": _name(scope, str(number))})

    def _write(self, action: str, scope: Scope, claim: Claim) -> Call:
        value = json.dumps(asdict(claim))
        return self._call(action, {"name": _name(scope, str(claim.number)), "value": value})

    def _call(self, action: str, parameters: dict[str, str]) -> Call:
        return Call(action, parameters, safe=action != "CreateClaim")


def _name(scope: Scope, number: str) -> str:
    return f"portinfra-{scope.hash}-claim-{number}"


def _claim(value: dict[str, object]) -> Claim:
    holder = Holder(**value.pop("holder"))  # type: ignore[arg-type]
    return Claim(holder=holder, **value)  # type: ignore[arg-type]
