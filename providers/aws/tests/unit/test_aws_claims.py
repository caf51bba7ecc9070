"""Claims of other versions, read from tags of key pairs."""

from portinfra.model.address import Scope
from portinfra_aws.claims import AwsClaims, name
from portinfra_aws.marks import PREFIX

OLD = {
    "user": "ada",
    "host": "laptop",
    "machine": "m",
    "process": "4711:1",
    "beat": "2",
    "since": "2026-11-28T10:00:00+00:00",
    "active-at": "7.5",
    "released": "yes",
    "epoch": "5",
    "fenced": "yes",
    "version": "0.1.0",
    "notes": "0",
}
"""As it was written before there was a peer."""


def read(tags):
    tag_set = [{"key": PREFIX + key, "value": value} for key, value in tags.items()]
    record = {"keyName": name(Scope("shop", "production"), 3), "tagSet": tag_set}
    (found,) = AwsClaims().assemble([{"keySet": [record]}])
    return found


def test_a_claim_of_an_older_version_has_no_peer():
    claim = read(OLD)
    assert (claim.number, claim.holder.user, claim.epoch, claim.fenced, claim.peer) == (3, "ada", 5, True, "")


def test_a_claim_names_its_peer():
    assert read({**OLD, "peer": "recovery"}).peer == "recovery"
