"""Claims of other versions, read from descriptions of health checks."""

import json

from portinfra.model.address import Scope
from portinfra_gcp.claims import GcpClaims, name

HOLDER = {"user": "ada", "host": "laptop", "machine": "m", "process": "4711:1"}
OLD = {
    "number": 3,
    "holder": HOLDER,
    "beat": 2,
    "since": "2026-11-28T10:00:00+00:00",
    "active_at": 7.5,
    "released": True,
    "epoch": 5,
    "fenced": True,
    "version": "0.1.0",
    "note": "",
}
"""As it was written before there was a peer."""


def read(claim):
    said = json.dumps({"portinfra": {"scope": "shop/production", "claim": claim}})
    record = {"name": name(Scope("shop", "production"), 3), "description": said}
    (found,) = GcpClaims().assemble([{"items": [record]}])
    return found


def test_a_claim_of_an_older_version_has_no_peer():
    claim = read(OLD)
    assert (claim.number, claim.holder.user, claim.epoch, claim.fenced, claim.peer) == (3, "ada", 5, True, "")


def test_a_claim_names_its_peer():
    assert read({**OLD, "peer": "recovery"}).peer == "recovery"
