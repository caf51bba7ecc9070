"""Evidence: as a document, signed, and as a page."""

import json
import os
import re
from copy import deepcopy
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from portinfra.errors import PortinfraError
from portinfra.model.evidence import Checked, Evidence, LookedAt, PointUsed, WaveRun
from portinfra.recovery.evidence import evidence_document
from portinfra.render.evidence import report_html
from portinfra.rollout.evidence import sign, signing_key, verify
from portinfra.rollout.evidence.signing import SIGNED

AT = "2030-01-01T00:{:02}:00+00:00".format
GOOD = Evidence(
    kind="drill",
    id="70dbd95ea2",
    recovery="shop",
    topology="shop",
    source="production (fake:us-east-1)",
    target="recovery (fake:eu-west-1)",
    started=AT(0),
    ended=AT(9),
    rpo_target=14400,
    rpo_measured=162.0,
    rto_target=3600,
    rto_measured=360.0,
    points=(PointUsed("70dbd8ad", "db", AT(0), 3, "native"),),
    waves=(
        WaveRun(("db",), AT(0), AT(3), 180.0, 1200, 3, (Checked("it answers", True, AT(3), 2, "pong"),)),
        WaveRun(("web", "app"), AT(3), AT(6), 180.0, 1800, 6),
    ),
    probes=(Checked("last <row>", True, AT(6), 1, "42 & more"),),
    result="passed",
    left_behind=0,
    calls=120,
    version="0.1.0",
)
BAD = evolve(
    GOOD,
    result="failed",
    reasons=("wave 1: gate 'it answers' was not passed within 20m",),
    waves=(evolve(GOOD.waves[0], passed=False, problem="gate 'it answers' was not passed within 20m"),),
    rto_measured=None,
    left_behind=None,
)


@pytest.fixture
def key(tmp_path):
    return signing_key(tmp_path / "key.pem")


def test_every_field_is_in_the_document():
    document = evidence_document(GOOD)
    assert document["schema"] == "portinfra.drill/1"
    assert json.loads(json.dumps(document)) == document
    assert document["waves"][0]["checks"][0]["told"] == "pong"
    assert evidence_document(evolve(GOOD, kind="failback"))["schema"] == "portinfra.failover/1"


def test_what_is_signed_by_a_trusted_key_is_good(key, tmp_path):
    signed = sign(evidence_document(GOOD), key)
    signer = signed[SIGNED]["public_key"]
    assert verify(signed, (tmp_path / "key.pub").read_bytes()).good
    assert verify(json.loads(json.dumps(signed)), signers=["another", signer]).good


def test_a_signer_that_nothing_trusts_is_unknown(key):
    signed = sign(evidence_document(GOOD), key)
    for signers in ((), ["another"]):
        verdict = verify(signed, signers=signers)
        assert (verdict.found, verdict.good, verdict.is_intact) == ("unknown signer", False, True)
        assert signed[SIGNED]["public_key"] in verdict.sentence


def _paths(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _paths(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, (*path, number))
    else:
        yield path


SIGNED_GOOD = sign(evidence_document(GOOD), Ed25519PrivateKey.generate())
SIGNERS = [SIGNED_GOOD[SIGNED]["public_key"]]
PATHS = sorted(_paths(SIGNED_GOOD), key=str)


@given(path=st.sampled_from(PATHS), other=st.none() | st.booleans() | st.integers() | st.text(max_size=5))
def test_any_other_value_anywhere_is_found(path, other):
    holder = signed = deepcopy(SIGNED_GOOD)
    for step in path[:-1]:
        holder = holder[step]
    before = holder[path[-1]]
    holder[path[-1]] = other
    same = json.dumps(before) == json.dumps(other)
    assert verify(signed, signers=SIGNERS).good == same


@given(path=st.sampled_from(PATHS), at=st.integers(0, 200), other=st.characters())
def test_any_other_character_anywhere_is_found(path, at, other):
    holder = signed = deepcopy(SIGNED_GOOD)
    for step in path[:-1]:
        holder = holder[step]
    before = str(holder[path[-1]])
    at = min(at, len(before))
    holder[path[-1]] = before[:at] + other + before[at + 1 :]
    assert verify(signed, signers=SIGNERS).good == (holder[path[-1]] == before and signed == SIGNED_GOOD)


def test_nothing_can_be_written_into_the_seal(key):
    signed = sign(evidence_document(GOOD), key)
    seal = signed[SIGNED]
    assert verify({**signed, SIGNED: {**seal, "by": "the auditor"}}).found == "altered"
    assert verify({**signed, SIGNED: {**seal, "note": "approved"}}).found == "altered"
    # Its last letter before the padding has four bits that mean nothing.
    last = chr(ord(seal["signature"][-3]) + 1)
    other = {**seal, "signature": seal["signature"][:-3] + last + "=="}
    assert verify({**signed, SIGNED: other}).found == "altered"


def test_half_a_character_from_a_hook_stops_neither_signing_nor_reading(key):
    odd = evolve(GOOD, probes=(evolve(GOOD.probes[0], told="\ud800 rows"),))
    document = sign(evidence_document(odd), key)
    assert document["probes"][0]["told"] == "? rows"
    json.dumps(document, ensure_ascii=False).encode()
    report_html(document)
    assert verify({**document, "topology": "\ud800"}).found == "altered"


def test_what_is_added_taken_away_or_unsigned_is_found(key):
    signed = sign(evidence_document(GOOD), key)
    assert verify({**signed, "more": 1}).found == "altered"
    assert verify({name: value for name, value in signed.items() if name != "calls"}).found == "altered"
    assert verify(evidence_document(GOOD)).found == "unsigned"
    broken = {**signed, SIGNED: {**signed[SIGNED], "signature": "not base64"}}
    assert verify(broken).found == "altered"


def test_another_key_is_told_from_the_one_that_was_asked_for(key, tmp_path):
    signed = sign(evidence_document(GOOD), signing_key(tmp_path / "other.pem"))
    assert verify(signed, (tmp_path / "key.pub").read_bytes()).found == "another key"
    with pytest.raises(PortinfraError, match="not a public key"):
        verify(signed, b"nonsense")


def test_a_key_is_made_once_and_nobody_else_may_read_it(tmp_path):
    path = tmp_path / "deep" / "key.pem"
    first = signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert signing_key(path).private_bytes_raw() == first.private_bytes_raw()
    path.chmod(0o644)
    with pytest.raises(PortinfraError, match="other users may read") as error:
        signing_key(path)
    assert "chmod 600" in error.value.fix
    path.write_text("nonsense")
    path.chmod(0o600)
    with pytest.raises(PortinfraError, match="not a private key"):
        signing_key(path)


def test_the_public_key_is_made_again_where_it_is_gone(tmp_path):
    signing_key(tmp_path / "key.pem")
    there = (tmp_path / "key.pub").read_bytes()
    (tmp_path / "key.pub").unlink()
    signing_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pub").read_bytes() == there


def test_a_public_key_never_takes_the_private_ones_place(tmp_path):
    with pytest.raises(PortinfraError, match="has the name of a public key"):
        signing_key(tmp_path / "key.pub")
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_make_a_key_at_once_both_use_the_first(tmp_path, monkeypatch):
    path, firsts = tmp_path / "key.pem", []

    def another_run_was_faster(source, target, link=os.link):
        monkeypatch.setattr(os, "link", link)
        firsts.append(signing_key(path))
        link(source, target)

    monkeypatch.setattr(os, "link", another_run_was_faster)
    assert signing_key(path).private_bytes_raw() == firsts[0].private_bytes_raw()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["key.pem", "key.pub"]


def test_a_key_with_a_passphrase_is_let_be(tmp_path):
    path = tmp_path / "key.pem"
    secret = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")
    )
    path.write_bytes(secret)
    path.chmod(0o600)
    with pytest.raises(PortinfraError, match="passphrase") as error:
        signing_key(path)
    assert "Move it away" in error.value.fix
    assert path.read_bytes() == secret


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        assert tag != "script"
        assert not any(name in ("src", "href") for name, _ in attrs)
        if tag not in ("meta", "line", "rect", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data


def page_of(evidence, key):
    page = _Page()
    page.feed(report_html(sign(evidence_document(evidence), key)))
    assert page.open == []
    return page.text


def test_the_page_stands_alone_and_says_all(key):
    text = page_of(GOOD, key)
    for words in (
        "Recovery drill of shop passed",
        "6 min",
        "At most 1 h is allowed",
        "At most 4 h may be lost",
        "2 waves, 1 gate, 1 probe: all passed.",
        "2 min 42 s",
        "2030-01-01 00:00:00 UTC",
        "it answers",
        "last <row>",
        "42 & more",
        "70dbd8ad",
        "The drill copy is deleted",
        "portinfra dr verify",
    ):
        assert words in text, words


def test_what_was_altered_is_no_success(key):
    signed = sign(evidence_document(GOOD), key)
    assert '<h1 class="good">Recovery drill of shop passed' in report_html(signed)
    told = report_html({**signed, "rto_measured": 1.0})
    assert '<h1 class="bad">Altered: Recovery drill of shop passed' in told


def test_it_says_in_which_accounts_of_what_and_by_whom():
    known = evolve(GOOD, source_account="111", target_account="222", operator="ada@<laptop>")
    told = report_html(evidence_document(evolve(known, topology_digest="b0a3")))
    assert "Account of the source: 111. Account of the target: 222. Topology: shop as of b0a3." in told
    assert "Run by ada@&lt;laptop&gt;." in told
    assert "Run by" not in report_html(evidence_document(GOOD))


def test_what_is_simulated_says_so_first():
    simulated = evolve(GOOD, simulated=True)
    page = report_html(evidence_document(simulated))
    assert page.index("SIMULATED") < page.index("<h1")
    assert "SIMULATED" not in report_html(evidence_document(GOOD))
    assert list(evidence_document(simulated))[:2] == ["schema", "simulated"]


def test_an_inconclusive_drill_is_amber_and_says_what_was_looked_at():
    doubtful = evolve(GOOD, result="inconclusive", reasons=("no check reads the data of db",))
    doubtful = evolve(doubtful, looked=(LookedAt("db", "service"), LookedAt("logs", "data")), accept="data")
    page = report_html(evidence_document(doubtful))
    assert '<h1 class="unsure">Recovery drill of shop inconclusive' in page
    assert '<ul class="unsure"><li>no check reads the data of db' in page
    assert '<span class="unsure">service</span>' in page
    assert '<span class="good">data</span>' in page
    assert "Required depth: data." in page
    assert re.findall(r'(?:Data|Time)<b class="(\w+)"', page) == ["faint", "faint"]


def test_it_says_whether_there_is_another_copy():
    assert "The only copy of this evidence is on the machine" in report_html(evidence_document(GOOD))
    copied = report_html(evidence_document(evolve(GOOD, remote="vault:shop/evidence")))
    assert "A copy goes to vault:shop/evidence." in copied
    assert "only copy" not in copied


def test_it_shows_the_digests_of_what_was_called():
    probe = Checked("last row", True, AT(6), command="./last-row db1", command_sha256="a" * 64)
    page = report_html(evidence_document(evolve(GOOD, probes=(evolve(probe, file_sha256="b" * 64),))))
    assert f"<code>./last-row db1</code> SHA-256 of the command {'a' * 12}, file {'b' * 12}" in page


def test_it_says_where_a_probe_ran():
    probe = Checked("rows", True, AT(6), from_role="web")
    page = report_html(evidence_document(evolve(GOOD, probes=(probe,))))
    assert "on one more host of web" in page


def test_a_failed_drill_says_first_why_and_what_was_said(key):
    gate = evolve(GOOD.waves[0].checks[0], passed=False, told="FATAL: starting up\nexit code 2")
    text = page_of(evolve(BAD, waves=(evolve(BAD.waves[0], checks=(gate,)),)), key)
    first = text[: text.index("What happened when")]
    assert "was not passed within 20m" in first
    assert "FATAL: starting up\nexit code 2" in first
    assert "not known" in text
    assert "not measured" in text
    assert "Run portinfra dr sweep shop." in text


def test_it_says_what_is_left_and_who_stands(key):
    left = "1 resource of it is left in the target. To delete what is left: portinfra dr sweep shop."
    assert left in page_of(evolve(BAD, left_behind=1), key)
    assert "2 resources of it are left" in page_of(evolve(BAD, left_behind=2), key)
    over = evolve(GOOD, kind="failover", left_behind=None)
    late = page_of(evolve(over, source_fenced=False, result="failed", reasons=("late",)), key)
    assert "recovery (fake:eu-west-1) has taken over. The source was NOT stopped" in late
    assert "run first: portinfra dr fence shop." in late
    half = page_of(evolve(over, source_fenced=True, rto_measured=None, result="failed"), key)
    assert "has not taken over yet: run the command again to continue. The source was stopped first." in half


def test_the_bar_shows_by_how_much_a_target_was_missed(key):
    page = report_html(evidence_document(evolve(GOOD, rto_measured=7200.0)))
    time = page.partition("Time<b")[2].partition("</div></div>")[0]
    assert time.startswith(' class="bad">2 h</b>')
    assert "width: 100.0%" in time
    assert "left: 50.0%" in time


def test_what_was_kept_to_is_green_only_where_all_passed():
    failed = evolve(GOOD, result="failed", reasons=("probe 'page' failed",))
    colours = [
        re.findall(r'(?:Data|Time)<b class="(\w+)"', report_html(evidence_document(evidence)))
        for evidence in (GOOD, failed, evolve(failed, rto_measured=7200.0))
    ]
    assert colours == [["good", "good"], ["faint", "faint"], ["faint", "bad"]]


def test_a_narrow_screen_shows_how_all_ended(key):
    page = report_html(sign(evidence_document(GOOD), key))
    tables = [re.findall(r"<th( class=\"more\")?>([^<]+)", table) for table in page.split("<table>")[1:]]
    assert [[name for more, name in headings if not more] for headings in tables] == [
        ["wave", "roles", "took", "result"],
        ["check", "output", "result"],
        ["check", "output", "result"],
        ["group", "point", "taken"],
    ]
    cells = [re.findall(r"<td( class=\"more\")?>", table) for table in page.split("<table>")[1:]]
    for headings, some in zip(tables, cells, strict=True):
        assert some[: len(headings)] == [more for more, _ in headings], "a cell goes with its heading"
    assert "Scroll sideways" in page


def test_deletion_is_no_success():
    deletion = drawing(evolve(GOOD, result="failed")).partition(">deletion<")[2]
    assert 'fill="var(--good)"' not in deletion
    assert 'fill="var(--bad)"' in drawing(evolve(GOOD, left_behind=1)).partition(">deletion<")[2]


def test_where_no_wave_began_there_is_no_drawing(key):
    page = report_html(evidence_document(evolve(BAD, waves=(), probes=())))
    assert "No wave began." in page
    assert "<svg" not in page


def drawing(evidence):
    return report_html(evidence_document(evidence)).partition("<svg")[2].partition("</div>")[0]


def test_rows_of_the_timeline_do_not_lie_on_one_another():
    many = evolve(GOOD, waves=tuple(evolve(GOOD.waves[1], roles=(f"role-{n}",)) for n in range(12)))
    rows = [float(y) for y in re.findall(r'<svg x="0" y="([0-9.]+)"', drawing(many))]
    assert len(rows) == 14
    assert all(after - before >= 20 for before, after in pairwise(rows))


def test_rows_of_the_timeline_stand_in_the_order_in_which_it_happened():
    """Also where a gate, the action after it and the next wave are of the same second."""
    actions = (Checked("promote", True, AT(3)), Checked("open the doors", True, AT(6)))
    told = evolve(GOOD, actions=actions, ended=AT(9))
    assert re.findall("<title>(.*?)</title>", drawing(told)) == [
        "1  db",
        "it answers",
        "promote",
        "2  web, app",
        "open the doors",
        "last &lt;row&gt;",
        "deletion",
    ]


@given(st.integers(0, 10**9))
def test_marks_of_the_axis_stand_apart_however_long_it_took(whole):
    ended = (datetime.fromisoformat(AT(0)) + timedelta(seconds=whole)).isoformat()
    svg = drawing(evolve(GOOD, ended=ended, waves=GOOD.waves[:1]))
    marks = [float(x) for x in re.findall(r'<text x="([0-9.]+)" y="[0-9]+" text-anchor="middle"', svg)]
    assert 1 <= len(marks) <= 8
    assert all(after - before >= 60 for before, after in pairwise(marks))


def test_a_label_however_wide_ends_before_the_drawing_begins():
    svg = drawing(evolve(GOOD, waves=(evolve(GOOD.waves[0], roles=("W" * 60,)),)))
    start = float(re.search(r'<line x1="([0-9.]+)"', svg)[1])
    widths = [float(width) for width in re.findall(r'<svg x="0" y="[0-9.]+" width="([0-9.]+)"', svg)]
    assert max(widths) < start
