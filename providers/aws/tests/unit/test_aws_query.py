"""What is sent and what is read: EC2's query parameters and its XML."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Theirs
from hypothesis import given
from hypothesis import strategies as st

from portinfra_aws import presigned
from portinfra_aws.credentials import Credentials
from portinfra_aws.query import flatten, where
from portinfra_aws.xml import parse


def test_lists_are_counted_from_one_and_names_are_joined_by_dots():
    assert flatten(
        {
            "ResourceId": ["i-1", "i-2"],
            "Filter": [where("tag:a", "b", "c"), where("vpc-id", "v")],
            "NetworkInterface": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False}],
            "Encrypted": True,
            "KmsKeyId": None,
            "Empty": [],
        }
    ) == {
        "ResourceId.1": "i-1",
        "ResourceId.2": "i-2",
        "Filter.1.Name": "tag:a",
        "Filter.1.Value.1": "b",
        "Filter.1.Value.2": "c",
        "Filter.2.Name": "vpc-id",
        "Filter.2.Value.1": "v",
        "NetworkInterface.1.DeviceIndex": "0",
        "NetworkInterface.1.AssociatePublicIpAddress": "false",
        "Encrypted": "true",
    }


NAMES = st.sampled_from(["vpcId", "tagSet", "key", "value", "state", "items"])  # none is called `item`
TEXTS = st.text("aB1-<&>\"' é", min_size=1)
VALUES = st.recursive(
    TEXTS,
    lambda inner: st.dictionaries(NAMES, inner, min_size=1) | st.lists(inner, min_size=1),
    max_leaves=12,
)


def written(name, value):
    element = Element(name)
    if isinstance(value, str):
        element.text = value
    for key, inner in value.items() if isinstance(value, dict) else ():
        element.append(written(key, inner))
    for inner in value if isinstance(value, list) else ():
        element.append(written("item", inner))
    return element


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_an_answer_is_read_as_it_was_written(told):
    root = written("DescribeThingsResponse", told)
    root.set("xmlns", "http://ec2.amazonaws.com/doc/2016-11-15/")
    assert parse(tostring(root)) == told


def test_what_is_empty_is_empty_text():
    root = Element("R")
    SubElement(root, "volumeSet")
    assert parse(tostring(root)) == {"volumeSet": ""}
    assert parse(b"<R/>") == {}


@pytest.mark.parametrize("token", [None, "session/token+=="])
def test_a_signed_address_is_the_one_that_botocore_makes(token, monkeypatch):
    now = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    fields = {"Action": "CopySnapshot", "SourceRegion": "us-east-1", "Description": "a b/c~d*é"}
    ours = presigned.url(
        "https://ec2.us-east-1.amazonaws.com",
        "us-east-1",
        fields,
        Credentials("AKIA", "secret", token),
        now,
    )
    monkeypatch.setattr(auth, "get_current_datetime", lambda: now, raising=False)
    request = AWSRequest("GET", "https://ec2.us-east-1.amazonaws.com/", params=dict(sorted(fields.items())))
    botocores = auth.SigV4QueryAuth(Theirs("AKIA", "secret", token), "ec2", "us-east-1", expires=3600)
    botocores.add_auth(request)
    theirs = parse_qs(urlsplit(request.url).query)
    assert parse_qs(urlsplit(ours).query) == theirs
