"""Texts in descriptions of health checks."""

import json

import pytest

from portinfra.model.address import Scope
from portinfra.model.record import Record
from portinfra_gcp.records import GcpRecords

SCOPE = Scope("shop", "production")
OLD = '{"portinfra":{"scope":"shop/production","claim":{"number":3,"note":"{\\"a\\":1}"}}}'
"""As version 0.1.0 wrote it."""


def read(description, name="portinfra-903fef0d-claim-3"):
    return GcpRecords().assemble([{"items": [{"name": name, "description": description}]}])


def test_a_text_of_version_0_1_0_is_read():
    assert read(OLD) == [Record(3, '{"number":3,"note":"{\\"a\\":1}"}')]


def test_a_text_is_written_as_version_0_1_0_wrote_it():
    (record,) = read(OLD)
    assert GcpRecords().write(SCOPE, record).parameters["body"]["description"] == OLD
    assert json.loads(OLD)


@pytest.mark.parametrize("description", ["", None, "written by a person", '{"portinfra":{}}'])
def test_a_description_without_a_text_is_a_record_without_one(description):
    assert read(description) == [Record(3, "")]


def test_health_checks_with_other_names_are_no_records():
    assert read(OLD, "web-health") == []


def test_the_longest_text_fits_into_a_description_whatever_the_scope():
    scope = Scope("t" * 63, "e" * 63 + "+drill-1k3f")
    body = GcpRecords().create(scope, Record(9_999_999, '"' * 1200)).parameters["body"]
    assert len(body["description"]) <= 2048
