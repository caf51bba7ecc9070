"""Claims: health checks that nothing uses. They are global, cost nothing, and a name can be taken once.

The claim lies in the description, as JSON, so that a console shows who is at work.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from portinfra.model.address import Address, Scope
from portinfra.model.claim import Claim, Holder, from_json, to_json
from portinfra.provider.interface import Answer, Call, ClaimDriver
from portinfra_gcp import rates
from portinfra_gcp.drivers import reading

_NOBODY = Holder("unknown", "unknown", "", "")


class GcpClaims(ClaimDriver):
    """The claims of a scope are the health checks whose names begin with its hash."""

    def survey(self, scope: Scope) -> Call:
        """All claims of the scope, by their names."""
        return reading.listed("healthChecks.list", f'name eq "{name(scope, "[0-9]+")}"')

    def assemble(self, answers: Sequence[Answer]) -> list[Claim]:
        """Those of the scope. What somebody has made unreadable is nobody's, and soon taken over."""
        return [_claim(record) for answer in answers for record in reading.records_of(answer)]

    def take(self, scope: Scope, claim: Claim) -> Call:
        """Create it; AlreadyExists where somebody else has."""
        body = {
            "name": name(scope, claim.number),
            "type": "TCP",
            "tcpHealthCheck": {"port": 1},
            **_said(scope, claim),
        }
        return _call("healthChecks.insert", {"body": body}, claim.number)

    def write(self, scope: Scope, claim: Claim) -> Call:
        """Overwrite its description."""
        parameters = {"healthCheck": name(scope, claim.number), "body": _said(scope, claim)}
        return _call("healthChecks.patch", parameters, claim.number, safe=True)

    def drop(self, scope: Scope, number: int) -> Call:
        """Delete it."""
        return _call("healthChecks.delete", {"healthCheck": name(scope, number)}, number, safe=True)


def name(scope: Scope, number: int | str) -> str:
    """The name of the health check that is claim number so."""
    return f"portinfra-{scope.hash}-claim-{number}"


def _call(action: str, parameters: Mapping[str, Any], number: int, *, safe: bool = False) -> Call:
    return Call(action, parameters, Address(f"claim.{number}"), rates=(rates.group(action),), safe=safe)


def _said(scope: Scope, claim: Claim) -> dict[str, str]:
    said = {"portinfra": {"scope": str(scope), "claim": to_json(claim)}}
    return {"description": json.dumps(said, separators=(",", ":"))}


def _claim(record: Mapping[str, Any]) -> Claim:
    try:
        return from_json(json.loads(record.get("description") or "")["portinfra"]["claim"])
    except (KeyError, TypeError, ValueError):
        return Claim(int(record["name"].rpartition("-")[2]), _NOBODY)
