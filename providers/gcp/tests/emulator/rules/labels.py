"""Labels: what they may be, and how they are changed.

https://cloud.google.com/compute/docs/labeling-resources ("Requirements for labels")
"""

import unicodedata
from typing import Any

from emulator.call import Call, making, serves
from emulator.engine import change, steady
from emulator.errors import invalid
from emulator.fingerprints import demand, fingerprint

MOST = 64
STALE = "Labels fingerprint either invalid or resource labels have changed"


def check(field: str, labels: dict[str, str]) -> None:
    """Raises GceError for what is no label: "Keys have a minimum length of 1 character and a maximum length
    of 63 characters […] Keys and values can contain only lowercase letters, numeric characters, underscores,
    and dashes. […] International characters are allowed. […] Keys must start with a lowercase letter".
    """
    if len(labels) > MOST:
        raise invalid(field, "", f"Number of labels exceeds the limit of {MOST}.")
    for key, value in labels.items():
        if not _fits(key, least=1) or unicodedata.category(key[0]) not in ("Ll", "Lo"):
            raise invalid(field, "", f"Label key '{key}' violates format constraints. {_RULE}")
        if not _fits(value, least=0):
            raise invalid(field, "", f"Label value '{value}' violates format constraints. {_RULE}")


_RULE = (
    "The value can only contain lowercase letters, numeric characters, underscores and dashes. The value can "
    "be at most 63 characters long. International characters are allowed."
)


def _fits(text: str, least: int) -> bool:
    if not least <= len(text) <= 63:
        return False
    return all(each in "_-" or unicodedata.category(each) in ("Ll", "Lo", "Nd") for each in text)


@making("instances", "disks", "snapshots", "addresses")
def labelled_from_birth(call: Call, body: dict[str, Any]) -> None:
    """ "Labels to apply to this instance": the document. Of addresses it says that labels "can only be added
    or modified by the setLabels method", so that an address is made without.
    """
    if call.collection == "addresses" and body.get("labels"):
        raise invalid("resource.labels", "", "Labels can only be added by the setLabels method.")
    labels = body.get("labels", {})
    check("resource.labels", labels)
    if not labels:
        body.pop("labels", None)
    body["labelFingerprint"] = fingerprint(labels)


@serves(
    "instances.setLabels",
    "disks.setLabels",
    "snapshots.setLabels",
    "addresses.setLabels",
    "globalAddresses.setLabels",
)
def set_labels(call: Call) -> dict[str, Any]:
    """All labels at once, against the fingerprint of those that were there."""
    resource = steady(call.target())
    labels = call.body.get("labels", {})

    def show() -> None:
        demand(call.body.get("labelFingerprint"), resource.body.get("labels", {}), STALE)

    def act() -> None:
        show()
        resource.body.pop("labels", None)
        if labels:
            resource.body["labels"] = labels
        resource.body["labelFingerprint"] = fingerprint(labels)

    show()
    check("labels", labels)
    return change(call, act)
