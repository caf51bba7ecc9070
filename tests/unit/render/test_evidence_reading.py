"""Evidence read back from its document; what is none is refused, with all that is wrong."""

import json
from copy import deepcopy
from datetime import datetime

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from portinfra.errors import PortinfraError
from portinfra.model.evidence import LEVELS, Checked, Evidence, LookedAt, PointUsed, WaveRun
from portinfra.recovery.evidence import evidence_document, evidence_of, parse_evidence
from portinfra.render.evidence import report_html
from portinfra.rollout.evidence import sign, verify

TEXT = st.text(max_size=12)
COUNT = st.integers(0, 10**6)
TIME = st.floats(0, 10**7)
MOMENT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()).map(
    lambda at: at.isoformat()
)


def several(values):
    return st.lists(values, max_size=3).map(tuple)


CHECKED = st.builds(Checked, TEXT, st.booleans(), MOMENT, COUNT, TEXT, TEXT, TEXT, TEXT)
WAVES = st.builds(
    WaveRun, several(TEXT), MOMENT, MOMENT, TIME, COUNT, COUNT, several(CHECKED), st.booleans(), TEXT
)
POINTS = st.builds(PointUsed, TEXT, TEXT, MOMENT, COUNT, TEXT)
EVIDENCE = st.builds(
    Evidence,
    kind=st.sampled_from(["drill", "failover", "failback", "refresh"]),
    id=TEXT,
    recovery=TEXT,
    topology=TEXT,
    source=TEXT,
    target=TEXT,
    started=MOMENT,
    ended=MOMENT,
    rpo_target=COUNT,
    rpo_measured=st.none() | TIME,
    rto_target=COUNT,
    rto_measured=st.none() | TIME,
    points=several(POINTS),
    waves=several(WAVES),
    probes=several(CHECKED),
    actions=several(CHECKED),
    result=st.sampled_from(["passed", "failed", "inconclusive"]),
    reasons=several(TEXT),
    source_principal=TEXT,
    target_principal=TEXT,
    plan_digest=TEXT,
    looked=several(st.builds(LookedAt, TEXT, st.sampled_from(LEVELS))),
    accept=TEXT,
    overruled=several(TEXT),
    as_of=st.none() | MOMENT,
    number=COUNT,
    previous_number=COUNT,
    previous_digest=TEXT,
    remote=TEXT,
    simulated=st.booleans(),
    unreadable_entries=several(TEXT),
    left_behind=st.none() | COUNT,
    source_fenced=st.none() | st.booleans(),
    calls=COUNT,
    version=TEXT,
)
AT = "2030-01-01T00:00:00+00:00"
SMALL = Evidence(
    kind="drill",
    id="70dbd95ea2",
    recovery="shop",
    topology="shop",
    source="production (fake:us-east-1)",
    target="recovery (fake:eu-west-1)",
    started=AT,
    ended=AT,
    rpo_target=60,
    rpo_measured=1.5,
    rto_target=60,
    rto_measured=None,
    waves=(WaveRun(("db",), AT, AT, 1.0, 60, 3, (Checked("it answers", True, AT),)),),
)
DOCUMENT = evidence_document(SMALL)
KEY = Ed25519PrivateKey.generate()


@given(EVIDENCE)
def test_evidence_comes_back_from_its_file_as_it_was(evidence):
    document = sign(evidence_document(evidence), KEY)
    read = parse_evidence(json.dumps(document, ensure_ascii=False, indent=2))
    assert evidence_of(read) == evidence
    assert verify(read).is_intact


@given(EVIDENCE)
def test_any_evidence_makes_a_page(evidence):
    assert report_html(evidence_document(evidence)).endswith("</body></html>\n")


def test_what_a_later_version_adds_is_let_be():
    document = deepcopy(DOCUMENT)
    document["bytes_moved"] = 5
    document["waves"][0]["colour"] = "blue"
    assert evidence_of(document) == SMALL


def test_what_has_a_default_may_be_missing():
    short = {name: value for name, value in DOCUMENT.items() if name not in ("actions", "version")}
    assert evidence_of(short) == SMALL
    assert "No wave" not in report_html(short)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "portinfra.plan/1"}, "its schema is 'portinfra.plan/1'"),
        ({"schema": ["portinfra.drill/1"]}, "its schema is"),
        ({"schema": "portinfra.failover/1"}, "a drill has another schema"),
        ({"kind": "rehearsal"}, "kind is not one of drill, failover, failback"),
        ({"kind": []}, "kind is not one of"),
        ({"calls": "<script>"}, "calls is not a whole number"),
        ({"calls": True}, "calls is not a whole number"),
        ({"rpo_measured": float("nan")}, "rpo_measured is not a number"),
        ({"rpo_measured": float("inf")}, "rpo_measured is not a number"),
        ({"rpo_measured": 10**400}, "rpo_measured is not a number"),
        ({"rpo_target": 10**400}, "rpo_target is not a whole number"),
        ({"ended": "0001-01-01T00:00:00+14:00"}, "ended is not a date"),
        ({"source_fenced": 1}, "source_fenced is not true or false"),
        ({"started": "yesterday"}, "started is not a date with time and zone: 'yesterday'"),
        ({"ended": "2030-01-01T00:00:00"}, "ended is not a date"),
        ({"waves": {}}, "waves is not a list"),
        ({"waves": [1]}, r"waves\[0\] is not an object"),
        ({"waves": [{**DOCUMENT["waves"][0], "checks": [{}]}]}, r"waves\[0\].checks\[0\].name is missing"),
        ({"reasons": [None]}, r"reasons\[0\] is not text"),
    ],
)
def test_what_is_wrong_is_said(change, told):
    with pytest.raises(PortinfraError, match=told) as error:
        evidence_of({**DOCUMENT, **change})
    assert "Name the JSON file" in error.value.fix
    with pytest.raises(PortinfraError):
        report_html({**DOCUMENT, **change})


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(PortinfraError) as error:
        evidence_of({**DOCUMENT, "calls": "x", "points": None, "id": 5})
    for words in ("calls is not", "points is not a list", "id is not text"):
        assert words in str(error.value)


def _places(value):
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _places(item)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.data(), JSON)
def test_no_document_ends_in_anything_but_a_page_or_a_refusal(data, other):
    document = deepcopy(DOCUMENT)
    holders = [place for place in _places(document) if isinstance(place, dict | list) and place]
    holder = data.draw(st.sampled_from(holders))
    names = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    holder[data.draw(st.sampled_from(names))] = other
    try:
        page = report_html(document)
    except PortinfraError:
        return
    assert page.endswith("</body></html>\n")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '"text"', "[" * 100_000])
def test_a_file_that_holds_no_document_is_refused(text):
    with pytest.raises(PortinfraError, match="no evidence"):
        parse_evidence(text)


def test_a_field_that_is_there_twice_is_refused():
    text = json.dumps(sign(DOCUMENT, KEY), indent=2)
    twice = text.replace('"result": "failed"', '"result": "passed",\n  "result": "failed"')
    assert verify(json.loads(twice)).is_intact  # whoever reads the file from its top sees `passed`
    with pytest.raises(PortinfraError, match="it has result twice"):
        parse_evidence(twice)


def test_a_page_shows_markup_from_anywhere_as_text():
    nasty = "<script>alert('\"&')</script>"
    checked = Checked(nasty, False, AT, 1, nasty, f"{nasty} ", nasty, nasty)
    texts = ("id", "recovery", "topology", "source", "target", "version", "accept", "remote", "operator")
    texts += ("source_account", "source_principal", "topology_digest", "plan_digest")
    all_nasty = evolve(
        SMALL,
        **dict.fromkeys(texts, nasty),
        looked=(LookedAt(nasty, "data"),),
        overruled=(nasty,),
        waves=(evolve(SMALL.waves[0], roles=(nasty,), problem=nasty, checks=(checked,)),),
        probes=(checked,),
        actions=(checked,),
        points=(PointUsed(nasty, nasty, AT, 1, nasty),),
        reasons=(nasty,),
    )
    signed = {"by": nasty, "public_key": nasty, "signature": nasty}
    page = report_html({**evidence_document(all_nasty), "signed": signed})
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 15
