"""Labels, metadata and tags: what they may be, and that nobody changes them unseen."""

import pytest

from emulator import Local
from emulator.hand import ZONE, Hand, refused
from emulator.raw import Raw


@pytest.mark.parametrize(
    "labels",
    [
        {"Role": "web"}, {"role": "Web"}, {"role": "a.b"}, {"1role": "x"}, {"": "x"}, {"r" * 64: "x"},
        {"r": "x" * 64},
    ],
)  # fmt: skip
def test_labels_keep_to_the_rules(hand: Hand, labels: dict[str, str]) -> None:
    with refused(400, "violates format constraints"):
        hand.disk(labels=labels)


def test_there_are_at_most_64_labels_and_international_letters_are_allowed(hand: Hand) -> None:
    hand.disk(labels={f"l{number}": "" for number in range(63)} | {"größe": "klein"})
    with refused(400, "limit of 64"):
        hand.disk("e", labels={f"l{number}": "" for number in range(65)})


def set_labels(hand: Hand, labels: dict[str, str], fingerprint: str) -> None:
    request = {"labels": labels, "label_fingerprint": fingerprint}
    hand.do("Disks", "set_labels", zone=ZONE, resource="d", zone_set_labels_request_resource=request)


def test_labels_are_changed_against_their_fingerprint(hand: Hand) -> None:
    hand.disk(labels={"a": "b"})
    before = hand.ask("Disks", "get", zone=ZONE, disk="d").label_fingerprint
    set_labels(hand, {"c": "d"}, before)
    told = hand.ask("Disks", "get", zone=ZONE, disk="d")
    assert dict(told.labels) == {"c": "d"}
    for stale in (before, ""):
        with refused(412, "Labels fingerprint either invalid or resource labels have changed"):
            set_labels(hand, {"e": "f"}, stale)
    set_labels(hand, {}, told.label_fingerprint)
    assert dict(hand.ask("Disks", "get", zone=ZONE, disk="d").labels) == {}


def test_labels_of_instances_and_snapshots_too(hand: Hand) -> None:
    hand.small_world()
    request = {"labels": {"a": "b"}, "label_fingerprint": hand.instance().label_fingerprint}
    hand.do("Instances", "set_labels", zone=ZONE, instance="i", instances_set_labels_request_resource=request)
    assert dict(hand.instance().labels) == {"a": "b"}
    hand.disk()
    hand.do("Disks", "create_snapshot", zone=ZONE, disk="d", snapshot_resource={"name": "shot"})
    fingerprint = hand.ask("Snapshots", "get", snapshot="shot").label_fingerprint
    request = {"labels": {"a": "b"}, "label_fingerprint": fingerprint}
    hand.do("Snapshots", "set_labels", resource="shot", global_set_labels_request_resource=request)
    assert dict(hand.ask("Snapshots", "get", snapshot="shot").labels) == {"a": "b"}


def test_tags_are_changed_against_their_fingerprint_and_keep_to_the_rules(hand: Hand) -> None:
    hand.small_world()
    fingerprint = hand.instance().tags.fingerprint
    given = {"zone": ZONE, "instance": "i"}
    for wrong in (["Web"], ["a.b"], ["web", "web"], [f"t{number}" for number in range(65)]):
        with refused(400):
            hand.do(
                "Instances", "set_tags", **given, tags_resource={"items": wrong, "fingerprint": fingerprint}
            )
    hand.do("Instances", "set_tags", **given, tags_resource={"items": ["web"], "fingerprint": fingerprint})
    assert list(hand.instance().tags.items) == ["web"]
    with refused(412):
        hand.do("Instances", "set_tags", **given, tags_resource={"items": [], "fingerprint": fingerprint})


def test_metadata_is_changed_against_its_fingerprint_and_has_limits(raw: Raw, hand: Hand) -> None:
    hand.small_world()
    path = f"zones/{ZONE}/instances/i"
    fingerprint = raw("GET", path)["metadata"]["fingerprint"]

    def told(*items: tuple[str, str]) -> dict[str, object]:
        entries = [{"key": key, "value": value} for key, value in items]
        return {"items": entries, "fingerprint": fingerprint}

    assert raw.refused("POST", f"{path}/setMetadata", told(("a", "x" * 262145)))[0] == 413
    assert raw.refused("POST", f"{path}/setMetadata", told(*[(k, "x" * 250000) for k in "abc"]))[0] == 413
    assert raw.refused("POST", f"{path}/setMetadata", told(("a", "1"), ("a", "2")))[0] == 400
    assert raw.refused("POST", f"{path}/setMetadata", told(("a b", "1")))[0] == 400
    raw("POST", f"{path}/setMetadata", told(("a", "1")))
    assert raw("GET", path)["metadata"]["items"] == [{"key": "a", "value": "1"}]
    assert raw.refused("POST", f"{path}/setMetadata", told(("a", "2")))[:2] == (412, "conditionNotMet")


def test_two_changes_against_one_fingerprint_do_not_both_happen(gce: Local, hand: Hand) -> None:
    hand.disk()
    gce.bed.configure(live_clock=False, pending_seconds=10)
    fingerprint = hand.ask("Disks", "get", zone=ZONE, disk="d").label_fingerprint
    larger = {"size_gb": 200}
    hand.begin("Disks", "resize", zone=ZONE, disk="d", disks_resize_request_resource=larger)
    operations = [
        hand.begin("Disks", "set_labels", zone=ZONE, resource="d", zone_set_labels_request_resource={
            "labels": {"who": who}, "label_fingerprint": fingerprint})
        for who in ("first", "second")
    ]  # fmt: skip
    ends = [[error.code for error in hand.wait(each).error.errors] for each in operations]
    assert ends == [[], ["CONDITION_NOT_MET"]]
    assert dict(hand.ask("Disks", "get", zone=ZONE, disk="d").labels) == {"who": "first"}


def test_labels_are_changed_at_once_where_nothing_else_is_under_way(gce: Local, hand: Hand, raw: Raw) -> None:
    hand.disk()
    gce.bed.configure(live_clock=False, pending_seconds=10)
    fingerprint = hand.ask("Disks", "get", zone=ZONE, disk="d").label_fingerprint
    body = {"labels": {"who": "first"}, "labelFingerprint": fingerprint}
    told = raw("POST", f"zones/{ZONE}/disks/d/setLabels", body)
    assert (told["operationType"], told["status"]) == ("setLabels", "DONE")
    assert raw.refused("POST", f"zones/{ZONE}/disks/d/setLabels", body)[:2] == (412, "conditionNotMet")


def test_a_project_has_metadata_too(raw: Raw) -> None:
    fingerprint = raw("GET")["commonInstanceMetadata"]["fingerprint"]
    items = [{"key": "enable-oslogin", "value": "TRUE"}]
    raw("POST", "setCommonInstanceMetadata", {"items": items, "fingerprint": fingerprint})
    assert raw("GET")["commonInstanceMetadata"]["items"] == items
    stale = {"items": [], "fingerprint": fingerprint}
    assert raw.refused("POST", "setCommonInstanceMetadata", stale)[:2] == (412, "conditionNotMet")
