"""Tags as labels, and back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portinfra_gcp import labels

KEY = re.compile(r"[a-z][a-z0-9_-]*\Z")
VALUE = re.compile(r"[a-z0-9_-]*\Z")
TEXTS = st.text("ab_-xX0.é4f :/")


@given(st.dictionaries(TEXTS.filter(bool), TEXTS))
def test_every_tag_is_spelt_as_a_label_and_read_back(tags):
    spelt = labels.spell_labels(tags)
    assert all(KEY.match(key) and VALUE.match(value) for key, value in spelt.items())
    assert labels.read_tags(spelt) == tags


def test_what_can_be_a_label_stays_as_it_is():
    tags = {"cost_centre": "team-7", "stage": ""}
    assert labels.spell_labels(tags) == tags


def test_labels_that_are_not_the_users_are_no_tags():
    told = {"portinfra-scope": "x", "goog-ops-agent": "y", "stage": "one"}
    assert labels.read_tags(told) == {"stage": "one"}


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"portinfra-scope": "x"}, "is reserved"),
        ({"goog-managed": "x"}, "is reserved"),
        ({"a" * 64: "x"}, "does not fit"),
        ({"key": "X" * 16}, "does not fit"),
    ],
)
def test_what_can_be_no_label_is_refused(tags, why):
    refused = labels.refuse_tags(tags)
    assert refused is not None
    assert why in refused.reason
    assert refused.fix


def test_what_fits_is_not_refused():
    assert labels.refuse_tags({"a" * 63: "x" * 63, "Team": "Payments"}) is None
