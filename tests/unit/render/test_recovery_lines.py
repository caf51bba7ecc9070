"""Lines about a recovery that are printed where they are true, and are absent where they are not."""

import io

import pytest
from attrs import evolve
from rich.console import Console

from portinfra.model.evidence import BothRan, Evidence, LeftAside, WayIn
from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.watch.recovery_status import RecoveryStatus
from portinfra.render.console.recovery import show_evidence, show_status
from portinfra.render.evidence.page import report_html

AT, LATER = "2030-01-01T00:00:00+00:00", "2030-01-01T01:00:00+00:00"
PLAIN = Evidence(
    kind="failover",
    id="70dbd95ea2",
    recovery="shop",
    topology="shop",
    source="production (fake:us-east-1)",
    target="recovery (fake:eu-west-1)",
    started=AT,
    ended=LATER,
    rpo_target=14400,
    rpo_measured=162.0,
    rto_target=3600,
    rto_measured=360.0,
    points=(),
    waves=(),
    probes=(),
    result="passed",
)
STATUS = RecoveryStatus("shop", 14400, (), ())


def printed(show, value):
    out = io.StringIO()
    show(value, Console(file=out, width=1000))
    return out.getvalue()


EVIDENCE = {
    "Both environments may have run for 1 h, until 2030-01-01 01:00:00 UTC.": {
        "both_ran": BothRan(AT, LATER, 3600.0)
    },
    "Both environments may have run from 2030-01-01 00:00:00 UTC on, until an unknown time.": {
        "both_ran": BothRan(AT, None, None)
    },
    "db1-data was replaced. Data that only this volume had is LOST: no snapshot was kept.": {
        "left_aside": (LeftAside("db1-data", "", ""),)
    },
    "db1-data was replaced. Its former data is in snapshot snap-1, kept until 2030-01-01 01:00:00 UTC.": {
        "left_aside": (LeftAside("db1-data", "snap-1", LATER),)
    },
    "db1-data was replaced. A snapshot of its former data is kept until 2030-01-01 01:00:00 UTC, but was not "
    "read: a zone did not answer.": {"left_aside": (LeftAside("db1-data", "", LATER),)},
    "These entries of the ledger could not be read, and may be of newer data: entry 1 (point): it is "
    "damaged.": {"unreadable_entries": ("entry 1 (point): it is damaged",)},
    "Downtime: 1 min from the fence to the last gate. Before it: 2 min.": {
        "prepare_seconds": 120.0,
        "downtime_seconds": 60.0,
    },
    "web1 could be reached from 203.0.113.7/32.": {"way_in": WayIn(("203.0.113.7/32",), "web1")},
    "1 resource is left in the target. To remove what is left: `portinfra dr sweep shop`": {"left_behind": 1},
    "Nothing of it is left in the target.": {"left_behind": 0},
    "The source was stopped first.": {"source_fenced": True},
    "The source was NOT stopped.": {"source_fenced": False},
}
"""Each line, and what of an evidence makes it true."""


@pytest.mark.parametrize("line", EVIDENCE)
def test_a_line_is_printed_where_the_evidence_says_so_and_nowhere_else(line):
    assert line in printed(show_evidence, evolve(PLAIN, **EVIDENCE[line]))
    for other in EVIDENCE:
        if other != line:
            assert line not in printed(show_evidence, evolve(PLAIN, **EVIDENCE[other]))
    assert line not in printed(show_evidence, PLAIN)


def test_evidence_without_points_compares_no_entry_with_them():
    unread = evolve(PLAIN, kind="drill", unreadable_entries=("entry 1 (point): it is damaged",))
    for text in (printed(show_evidence, unread), report_html(evidence_document(unread))):
        assert "entry 1 (point): it is damaged" in text
        assert "These entries of the ledger could not be read, and may be of newer data" in text
        assert "points that were used" not in text


def test_evidence_of_a_plain_takeover_says_none_of_them():
    text = printed(show_evidence, PLAIN)
    for word in ("Both environments", "LOST", "Downtime", "could be reached", "left in", "stopped"):
        assert word not in text


ACTIVE = "failover 70dbd95ea2 failed, and recovery has taken over and is active"


@pytest.mark.parametrize(
    ("said", "is_active"),
    [
        ({"result": "failed"}, True),
        ({"result": "failed", "rto_measured": None}, False),
        ({"result": "failed", "kind": "drill"}, False),
    ],
    ids=["all waves came up", "a wave failed", "a drill"],
)
def test_the_result_of_a_takeover_says_that_the_end_is_active_all_the_same(said, is_active):
    assert (ACTIVE in printed(show_evidence, evolve(PLAIN, **said))) is is_active


def test_after_a_takeover_a_status_says_first_whose_points_it_lists():
    found = evolve(STATUS, active_since=1, source_stopped=True, end="source", points_in="shop/production")
    first = printed(show_status, found).splitlines()[0]
    assert first.startswith("The target has taken over")
    assert "These are the points in shop/production, which waits" in first
    assert "dr replicate shop" in first


STATUSES = {
    "portinfra could not read whether the vault has them: no route to host": {
        "vault_unseen": "no route to host"
    },
    "Whether points are locked is not known: not allowed": {"locks_unread": "not allowed"},
    "What runs left behind in production cannot be read: no route to host.": {
        "left_unseen": ("what runs left behind in production cannot be read: no route to host",)
    },
    "The kept snapshots of recovery cannot be read: no route to host": {
        "kept_unseen": ("the kept snapshots of recovery cannot be read: no route to host",)
    },
}
"""Each line, and what of a status makes it true."""


@pytest.mark.parametrize("line", STATUSES)
def test_a_status_says_what_could_not_be_read_and_only_that(line):
    assert line in printed(show_status, evolve(STATUS, **STATUSES[line]))
    assert line not in printed(show_status, STATUS)
