"""Records: key pairs that give access to nothing.

A name can be created once in a region; tags hold the text.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.record import Record
from portinfra.provider.interface import Answer, Call, RecordDriver
from portinfra.provider.record_names import record_address, record_name, record_number
from portinfra_aws import rates, record_tags
from portinfra_aws.marks import SCOPE, pairs, specification
from portinfra_aws.query import where

PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINF1beEjtpvIz7bdANob2ZqL34AEGiLNO8X88VX+jgk+ portinfra-claim"
)
"""The public key of all records. portinfra discarded its private key."""


class AwsRecords(RecordDriver):
    """The records of a scope are the key pairs whose names begin with its hash.

    EC2 tags a key pair by its id, and a record has only the name. The provider, which has seen the ids, fills
    them in.
    """

    def survey(self, scope: Scope) -> Call:
        """Return the read that filters by name. This list has no pages."""
        parameters = {"Filter": [where("key-name", record_name(scope, "*"))]}
        return Call("DescribeKeyPairs", parameters, rates=rates.classes("DescribeKeyPairs"))

    def assemble(self, answers: Sequence[Answer]) -> list[Record]:
        """Return the records, with the text in their tags."""
        return [
            Record(number, record_tags.to_text(number, key_pair.get("tagSet") or ()))
            for answer in answers
            for key_pair in answer.get("keySet") or ()
            if (number := record_number(key_pair["keyName"])) is not None
        ]

    def create(self, scope: Scope, record: Record) -> Call:
        """Return the call that imports the key pair. EC2 returns AlreadyExists if the name is used."""
        parameters = {
            "KeyName": record_name(scope, record.number),
            "PublicKeyMaterial": base64.b64encode(PUBLIC_KEY.encode()).decode(),
            "TagSpecification": [specification("key-pair", _tags(scope, record))],
        }
        return _call("ImportKeyPair", parameters, record.number)

    def write(self, scope: Scope, record: Record) -> Call:
        """Return the call that replaces its tags."""
        parameters = {
            "ResourceId": [record_name(scope, record.number)],
            "Tag": pairs(_tags(scope, record)),
        }
        return _call("CreateTags", parameters, record.number, safe=True)

    def delete(self, scope: Scope, number: int) -> Call:
        """Return the call that deletes the key pair."""
        return _call("DeleteKeyPair", {"KeyName": record_name(scope, number)}, number, safe=True)


def _call(action: str, parameters: Mapping[str, Any], number: int, *, safe: bool = False) -> Call:
    return Call(action, parameters, record_address(number), rates=rates.classes(action), safe=safe)


def _tags(scope: Scope, record: Record) -> dict[str, str]:
    return {SCOPE: str(scope), **record_tags.to_tags(record)}
