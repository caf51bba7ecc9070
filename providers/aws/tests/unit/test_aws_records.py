"""Texts in tags of key pairs."""

import json

import pytest
from old_lease import HOLDER, OLD

from portinfra.model.record import Record
from portinfra_aws import record_tags
from portinfra_aws.marks import PREFIX
from portinfra_aws.records import AwsRecords

TAGS = {
    "user": "ada",
    "host": "laptop",
    "machine": "m",
    "process": HOLDER["process"],
    "beat": "2",
    "since": "2026-11-28T10:00:00+00:00",
    "active-at": "7.5",
    "released": "yes",
    "epoch": "5",
    "fenced": "yes",
    "version": "0.1.0",
    "notes": "0",
}
"""The tags of a lease as version 0.1.0 wrote them before there was a peer."""


def text(**more):
    return json.dumps({**OLD, **more}, separators=(",", ":"))


def read(tags, name="portinfra-903fef0d-claim-3"):
    tag_set = [{"key": PREFIX + key, "value": value} for key, value in tags.items()]
    return AwsRecords().assemble([{"keySet": [{"keyName": name, "tagSet": tag_set}]}])


def written(text):
    return {key.removeprefix(PREFIX): value for key, value in record_tags.to_tags(Record(3, text)).items()}


NOTE = {"notes": "2", "note-0": "n" * 256, "note-1": "end", "note-2": "of a longer one before"}


@pytest.mark.parametrize(
    ("more", "note"), [({}, ""), ({"peer": "recovery"}, "peer: recovery"), (NOTE, "n" * 256 + "end")]
)
def test_tags_of_version_0_1_0_are_read_as_a_text(more, note):
    assert read({**TAGS, **more}) == [Record(3, text(note=note))]


def test_a_lease_is_written_as_version_0_1_0_wrote_it():
    assert written(text()) == {**TAGS, "peer": "", "texts": "0"}
    assert written(text(note="peer: recovery"))["peer"] == "recovery"
    noted = written(text(note="n" * 256 + "end"))
    assert (noted["notes"], noted["note-0"], noted["note-1"]) == ("2", "n" * 256, "end")


@pytest.mark.parametrize(
    "other",
    [
        "x" * 1200,
        "{}",
        text(later=1),
        text(beat="2"),
        text(since="n" * 257),
        json.dumps(OLD),
        text(number=4),
    ],
)
def test_any_other_text_is_written_in_pieces_and_read_whole(other):
    tags = written(other)
    assert "".join(tags[f"text-{i}"] for i in range(int(tags["texts"]))) == other
    assert read({**TAGS, **tags}) == [Record(3, other)]


def test_what_an_older_version_writes_into_a_lease_is_read():
    assert read({**written(text()), "beat": "3"}) == [Record(3, text(beat=3))]


@pytest.mark.parametrize("tags", [{}, {"user": "ada"}, {**TAGS, "beat": "many"}, {**TAGS, "notes": "1"}])
def test_damaged_tags_are_a_record_without_a_text(tags):
    assert read(tags) == [Record(3, "")]


def test_key_pairs_with_other_names_are_no_records():
    assert read(TAGS, "portinfra-903fef0d-claim-x") == []
