"""Lists: filters, pages, order, what lags, and zones that are silent."""

import pytest

from emulator import Local
from emulator.hand import REGION, ZONE, Hand, refused
from emulator.raw import Raw

DISKS = f"zones/{ZONE}/disks"


@pytest.fixture
def disks(raw: Raw) -> Raw:
    for name, size, labels in (
        ("alpha", 10, {"role": "web", "n": "1"}),
        ("beta", 20, {"role": "web", "n": "2"}),
        ("gamma", 30, {"role": "db"}),
    ):
        raw("POST", DISKS, {"name": name, "sizeGb": size, "labels": labels})
    return raw


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name = alpha", "a"),
        ('name = "alpha"', "a"),
        ("name != alpha", "bg"),
        ("name = *a", "abg"),
        ("name = al*", "a"),
        ("labels.role = web", "ab"),
        ("labels.role=web AND labels.n=2", "b"),
        ("labels.role=web labels.n=2", "b"),
        ("(labels.role=db) OR (labels.n=1)", "ag"),
        ("NOT labels.role=db", "ab"),
        ("labels.n:*", "ab"),
        ("labels.n != 1", "bg"),
        ("labels.role:we", "ab"),
        ("sizeGb > 10", "bg"),
        ("sizeGb <= 20", "ab"),
        ("name eq al.*", "a"),
        ("selfLink eq https://.*/alpha", "a"),
        ("name ne al.*", "bg"),
        ("name eq 'alpha|beta'", "ab"),
        ("(name eq alpha) (status eq READY)", "a"),
        ("zone:europe-west1-b", "abg"),
    ],
)
def test_a_filter_shows_what_fits(disks: Raw, text: str, found: str) -> None:
    told = disks("GET", DISKS, filter=text).get("items", [])
    assert "".join(each["name"][0] for each in told) == found


@pytest.mark.parametrize(
    "text",
    [
        "name", "name =", "= alpha", "colour = red", "(name = a", "name = a)", "name eq a AND sizeGb > 3",
        "name eq (", "name eq '('",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(disks: Raw, text: str) -> None:
    assert disks.refused("GET", DISKS, filter=text)[:2] == (400, "invalid")


def test_pages_follow_each_other_though_the_world_moves(disks: Raw) -> None:
    first = disks("GET", DISKS, maxResults=1)
    disks("DELETE", f"{DISKS}/alpha")
    rest = disks("GET", DISKS, maxResults=5, pageToken=first["nextPageToken"])
    assert [each["name"] for each in rest["items"]] == ["beta", "gamma"]
    assert "nextPageToken" not in rest


def test_a_page_token_is_good_for_the_same_list_only(disks: Raw) -> None:
    token = disks("GET", DISKS, maxResults=1)["nextPageToken"]
    assert disks.refused("GET", DISKS, pageToken="nonsense")[:2] == (400, "invalid")
    assert disks.refused("GET", DISKS, pageToken=token, filter="name = beta")[:2] == (400, "invalid")
    assert disks.refused("GET", DISKS, maxResults=501)[:2] == (400, "invalid")


def test_a_list_can_begin_with_the_newest(disks: Raw) -> None:
    told = disks("GET", DISKS, orderBy="creationTimestamp desc", maxResults=2)
    assert [each["name"] for each in told["items"]] == ["gamma", "beta"]
    assert disks.refused("GET", DISKS, orderBy="sizeGb")[:2] == (400, "invalid")


def test_an_aggregated_list_has_every_scope_and_goes_on_over_pages(gce: Local, disks: Raw) -> None:
    disks("POST", f"zones/{REGION}-c/disks", {"name": "delta", "sizeGb": 1})
    gce.bed.configure(page_limit=2)
    names, token, pages = [], "", 0
    while True:
        told = disks("GET", "aggregated/disks", pageToken=token)
        for scope, held in told["items"].items():
            names += [each["name"] for each in held.get("disks", ())]
            assert ("disks" in held) != (held.get("warning", {}).get("code") == "NO_RESULTS_ON_PAGE"), scope
        pages, token = pages + 1, told.get("nextPageToken", "")
        if not token:
            break
    assert (names, pages) == (["alpha", "beta", "gamma", "delta"], 2)


def test_lists_lag_while_reads_of_one_thing_do_not(gce: Local, raw: Raw) -> None:
    gce.bed.configure(live_clock=False, visibility_seconds=10, lingering_seconds=5)
    raw("POST", DISKS, {"name": "d", "sizeGb": 1})
    assert "items" not in raw("GET", DISKS)
    assert raw("GET", f"{DISKS}/d")["sizeGb"] == "1"
    gce.bed.advance(10)
    raw("POST", f"{DISKS}/d/resize", {"sizeGb": 2})
    raw("GET", f"{DISKS}/d")
    assert [each["sizeGb"] for each in raw("GET", DISKS)["items"]] == ["1"]
    gce.bed.advance(10)
    assert [each["sizeGb"] for each in raw("GET", DISKS)["items"]] == ["2"]
    raw("DELETE", f"{DISKS}/d")
    assert raw.refused("GET", f"{DISKS}/d")[0] == 404
    assert [each["name"] for each in raw("GET", DISKS)["items"]] == ["d"]
    gce.bed.advance(5)
    assert "items" not in raw("GET", DISKS)


@pytest.mark.parametrize(("partial", "warned", "unreachable"), [
    ("both", True, True), ("warning", True, False), ("unreachables", False, True)])  # fmt: skip
def test_a_silent_zone_is_missing_from_an_aggregated_list_which_says_so(
    gce: Local, disks: Raw, partial: str, warned: bool, unreachable: bool
) -> None:
    disks("POST", f"zones/{REGION}-c/disks", {"name": "delta", "sizeGb": 1})
    gce.bed.configure(silent=[ZONE], partial=partial)
    told = disks("GET", "aggregated/disks")
    assert "disks" not in told["items"][f"zones/{ZONE}"]
    assert [each["name"] for each in told["items"][f"zones/{REGION}-c"]["disks"]] == ["delta"]
    warning = told["items"][f"zones/{ZONE}"].get("warning", {})
    assert (warning.get("code") == "UNREACHABLE", "warning" in told) == (warned, warned)
    assert told.get("unreachables", []) == ([f"zones/{ZONE}"] if unreachable else [])
    for verb, path in (("GET", DISKS), ("GET", f"{DISKS}/alpha"), ("DELETE", f"{DISKS}/alpha")):
        assert disks.refused(verb, path)[:2] == (503, "backendError")


def test_a_list_fails_as_a_whole_where_no_part_of_it_is_wanted(gce: Local, disks: Raw) -> None:
    gce.bed.configure(silent=[ZONE], partial="failure")
    assert disks.refused("GET", "aggregated/disks")[:2] == (503, "backendError")
    told = disks("GET", "aggregated/disks", returnPartialSuccess="true")
    assert told["unreachables"] == [f"zones/{ZONE}"]


def test_what_google_offers_can_be_listed(hand: Hand) -> None:
    zones = [zone.name for zone in hand.ask("Zones", "list")]
    assert {f"{REGION}-b", f"{REGION}-c", f"{REGION}-d"} <= set(zones)
    assert REGION in [region.name for region in hand.ask("Regions", "list")]
    told = dict(hand.ask("MachineTypes", "aggregated_list", filter="name = e2-standard-4"))
    (four,) = told[f"zones/{ZONE}"].machine_types
    assert (four.guest_cpus, four.memory_mb) == (4, 16384)
    assert hand.ask("MachineTypes", "get", zone=ZONE, machine_type="e2-small").is_shared_cpu
    with refused(404):
        hand.ask("MachineTypes", "get", zone=ZONE, machine_type="e2-gigantic")
    ubuntu = [image.family for image in hand.ask("Images", "list", project="ubuntu-os-cloud")]
    assert "ubuntu-2404-lts-amd64" in ubuntu


def test_lists_may_show_any_state_of_a_while_ago(gce: Local, raw: Raw) -> None:
    """Old and new states come in any order, and those of several things apart; in the end all is shown."""
    gce.bed.configure(live_clock=False, stale_seconds=10)

    def watch() -> list[tuple[str, ...]]:
        found = []
        for _ in range(40):
            shown = [f"{each['name']} {each['sizeGb']}" for each in raw("GET", DISKS).get("items", ())]
            found.append(tuple(shown))
            gce.bed.advance(0.25)
        return found

    raw("POST", DISKS, {"name": "a", "sizeGb": 1})
    raw("POST", DISKS, {"name": "b", "sizeGb": 1})
    states = watch()
    assert {(), ("a 1",), ("b 1",), ("a 1", "b 1")} == set(states)
    has_a = ["a 1" in each for each in states]
    assert sorted(has_a) != has_a, "no later read shows an older state"
    raw("POST", f"{DISKS}/a/resize", {"sizeGb": 2})
    assert {each[0] for each in watch()} == {"a 1", "a 2"}
    raw("DELETE", f"{DISKS}/b")
    assert set(watch()) == {("a 2",), ("a 2", "b 1")}
    assert watch()[0] == ("a 2",)


def test_a_list_of_operations_lags_too(gce: Local, raw: Raw) -> None:
    gce.bed.configure(live_clock=False, stale_seconds=10, pending_seconds=60)
    raw("POST", DISKS, {"name": "a", "sizeGb": 1})
    found = set()
    for _ in range(40):
        found.add(len(raw("GET", f"zones/{ZONE}/operations").get("items", ())))
        gce.bed.advance(0.25)
    assert found == {0, 1}
    assert len(raw("GET", f"zones/{ZONE}/operations")["items"]) == 1
