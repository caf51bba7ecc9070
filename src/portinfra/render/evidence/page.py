"""Evidence as one HTML page without scripts and external files, for screens, dark mode and paper."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from html import escape

from portinfra.command_text import command, command_line
from portinfra.format import count, duration, moment
from portinfra.model.plain import Document, JsonObject
from portinfra.recovery.evidence import evidence_document, evidence_of
from portinfra.recovery.points.kept_time import describe_end
from portinfra.render.evidence.sentences import UNREAD_ENTRIES
from portinfra.render.evidence.style import STYLE
from portinfra.render.evidence.timeline import timeline
from portinfra.rollout.evidence import verify
from portinfra.safe_text import visible

SIDEWAYS = '<p class="sideways"><small>← Scroll sideways →</small></p>'
"""The hint under a drawing that is wider than the screen."""

MORE = ("hosts", "began", "at", "tries", "volumes", "by")
"""The columns that a narrow screen leaves out, so that a reader sees the result without scrolling."""

RESULTS = {"passed": "good", "inconclusive": "unsure", "failed": "bad"}
"""The style by result."""

LOOKED = {
    "data": "passed probes read its data",
    "service": "a probe passed, but none that reads its data",
    "hosts": "its hosts run, and no probe checked it",
    "nothing": "nothing: not all of its hosts came up",
}

_TICKED, _CODE = re.compile("`([^`]+)`"), r"<code>\1</code>"
"""The pattern of a command in a sentence, and its HTML."""

TITLES = {
    "drill": "Recovery drill",
    "failover": "Failover",
    "failback": "Failback",
    "refresh": "Refresh of the standby",
}


def report_html(document: Document, verifying: str = "") -> str:
    """Return the page. `verifying` is the command that verifies the file of the document.

    Raises PortinfraError for a document that is no evidence.
    """
    verifying = verifying or command_line("dr", "verify", "FILE", "--key", "evidence-key.pub")
    altered = verify(document).found == "altered"
    document = {**evidence_document(evidence_of(document)), "signed": document.get("signed")}
    title = f"{TITLES[document['kind']]} of {document['recovery']} {document['result']}"
    if altered:
        title = f"Altered: {title}"
    body = "\n".join(
        [
            '<p class="bad"><b>ALTERED</b>: this is not the evidence that was signed. Do not trust it.</p>'
            if altered
            else "",
            _simulated_notice(document),
            f'<p class="faint">{_e(document["id"])} · {moment(document["started"])}</p>',
            f'<h1 class="{"bad" if altered else RESULTS[document["result"]]}">{_e(title)}</h1>',
            f"<p>{_e(document['source'])} → {_e(document['target'])}</p>",
            _who(document),
            _why(document),
            f'<div class="facts">{_data(document)}{_time(document)}</div>',
            _looked_lines(document),
            *_course(document),
            _points(document["points"]),
            _approvals(document["approvals"]),
            _aside(document),
            _unread(document["unreadable_entries"]),
            "<h2>Afterwards</h2>",
            f"<p>{_TICKED.sub(_CODE, _e(_afterwards(document)))}</p>",
            _copy(document),
            _signature(document, verifying),
        ]
    )
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_e(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
    return visible(page, keep="\n\t")


def _e(text: object) -> str:
    return escape(str(text))


def _colour(good: bool) -> str:
    return "good" if good else "bad"


def _gates(document: Document) -> list[tuple[int, JsonObject]]:
    """Return each gate, with the number of its wave."""
    return [(n, check) for n, wave in enumerate(document["waves"], 1) for check in wave["checks"]]


def _who(document: Document) -> str:
    """Return the accounts, the topology and the operator. Evidence of early versions does not have them."""
    sentences = []
    if number := document["number"]:
        sentences.append(f"Run {number} of this plan's ledger.")
    for end in ("source", "target"):
        account, principal = document[f"{end}_account"], document[f"{end}_principal"]
        if account or principal:
            by = f", as {principal}" if principal else ""
            sentences.append(f"Account of the {end}: {account or 'not declared'}{by}.")
    if digest := document.get("topology_digest"):
        plan = f", plan {document['plan_digest']}" if document["plan_digest"] else ""
        sentences.append(f"Topology: {document['topology']} as of {digest}{plan}.")
    if document["as_of"]:
        sentences.append(f"Data as of {moment(document['as_of'])}.")
    if operator := document.get("operator"):
        sentences.append(f"Run by {operator}.")
    return f'<p class="faint">{_e(" ".join(sentences))}</p>' if sentences else ""


def _why(document: Document) -> str:
    """Return the reasons of a failure with the last output of failed checks, or the number that passed."""
    gates = [check for _, check in _gates(document)]
    checks = [*gates, *document["actions"], *document["probes"]]
    if document["result"] == "passed":
        parts = (("wave", document["waves"]), ("gate", gates), ("probe", document["probes"]))
        counts = [count(len(of), noun) for noun, of in parts if of]
        return f"<p>{_e(', '.join(counts))}: all passed.</p>" if counts else ""
    given = [*document["reasons"], *(f"overruled: {each}" for each in document["overruled"])]
    reasons = "".join(f"<li>{_e(reason)}</li>" for reason in given)
    failed = [(check["name"], check["told"]) for check in checks if check["told"] and not check["passed"]]
    outputs = "".join(
        f'<p class="faint">Last output of {_e(name)}:</p><pre>{_e(output)}</pre>' for name, output in failed
    )
    return f'<ul class="{RESULTS[document["result"]]}">{reasons}</ul>{outputs}'


def _simulated_notice(document: Document) -> str:
    """Return the notice of a page about the built-in simulator."""
    if not document["simulated"]:
        return ""
    return '<p class="unsure"><b>SIMULATED</b>: this ran in the built-in simulator, not in a real cloud.</p>'


def _looked_lines(document: Document) -> str:
    """Return how deeply each group was checked."""
    if not document["looked"]:
        return ""
    rows = (
        (
            _e(each["group"]),
            f'<span class="{"good" if each["looked"] == "data" else "unsure"}">{_e(each["looked"])}</span>',
            _e(LOOKED[each["looked"]]),
        )
        for each in document["looked"]
    )
    accepted = f"<p>Required depth: {_e(document['accept'])}.</p>" if document["accept"] else ""
    return "<h2>What was checked</h2>" + _table(("group", "checked", "meaning"), rows) + accepted


def _copy(document: Document) -> str:
    """Return where a copy of this evidence is."""
    if remote := document["remote"]:
        return f'<p class="faint">A copy goes to {_e(remote)}.</p>'
    only = "The only copy of this evidence is on the machine that made it."
    return f'<p class="faint">{only} An evidence block in the plan sends another one to a remote.</p>'


def _data(document: Document) -> str:
    measured, passed = document["rpo_measured"], document["result"] == "passed"
    meaning = "The age of the restored data is not known."
    if measured is not None:
        is_exact = document["age_is_exact"]
        meaning = "Age of the restored data." if is_exact else "The restored data is no older."
    sentence = f"{meaning} At most {duration(document['rpo_target'])} may be lost (rpo)."
    found = "not known" if measured is None else measured
    return _fact("Data", sentence, found, document["rpo_target"], passed)


def _time(document: Document) -> str:
    measured, passed = document["rto_measured"], document["result"] == "passed"
    meaning = "Not all waves came up." if measured is None else "From the beginning until all waves were up."
    sentence = f"{meaning} At most {duration(document['rto_target'])} is allowed (rto)."
    found = "not measured" if measured is None else measured
    return _fact("Time", sentence, found, document["rto_target"], passed)


def _fact(name: str, sentence: str, measured: float | str, target: int, passed: bool) -> str:
    """Return a measured value, or the words in its place. It is green only if the whole run passed, so no
    failure looks like success.
    """
    if isinstance(measured, str):
        return f'<div class="fact">{name}<b>{measured}</b>{_e(sentence)}</div>'
    whole = max(measured, target, 1.0)
    colour = "faint" if measured <= target and not passed else _colour(measured <= target)
    return (
        f'<div class="fact">{name}<b class="{colour}">{_e(duration(measured))}</b>{_e(sentence)}'
        f'<div class="bar {colour}"><i style="width: {100 * measured / whole:.1f}%"></i>'
        f'<u style="left: {100 * target / whole:.1f}%"></u></div></div>'
    )


def _course(document: Document) -> Iterable[str]:
    if not document["waves"]:
        yield '<p class="faint">No wave began.</p>'
        return
    started = document["started"]
    yield f'<h2>What happened when</h2><div class="wide">{timeline(document)}</div>{SIDEWAYS}'
    yield "<h2>Waves</h2>" + _waves(document["waves"], started)
    yield _checks("Gates", [(f"wave {n}", check) for n, check in _gates(document)], started)
    yield _checks("Actions", [("", check) for check in document["actions"]], started)
    yield _checks("Probes", [(_from(check), check) for check in document["probes"]], started)


def _from(check: JsonObject) -> str:
    """Return where a probe ran; empty: where the command ran, or an early version wrote the evidence."""
    role = check.get("from_role", "")
    return f"on one more host of {role}" if role else ""


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table. Cells are HTML."""
    columns = [(heading, ' class="more"' if heading in MORE else "") for heading in headings]
    head = "".join(f"<th{kind}>{_e(heading)}</th>" for heading, kind in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{cell}</td>" for (_, kind), cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _end_text(passed: bool, problem: str = "") -> str:
    colour = _colour(passed and not problem)
    if problem:
        return f'<span class="{colour}">{_e(problem)}</span>'
    return f'<span class="short {colour}">{"passed" if passed else "failed"}</span>'


def _waves(waves: Iterable[JsonObject], started: str) -> str:
    rows = (
        (
            _e(number),
            _e(", ".join(wave["roles"])),
            _e(wave["hosts"]),
            _clock(wave["started"], started),
            _short(f"{duration(wave['seconds'])} of {duration(wave['limit_seconds'])}"),
            _end_text(wave["passed"], wave["problem"]),
        )
        for number, wave in enumerate(waves, 1)
    )
    return _table(("wave", "roles", "hosts", "began", "took", "result"), rows)


def _checks(title: str, checks: list[tuple[str, JsonObject]], started: str) -> str:
    if not checks:
        return ""
    rows = (
        (
            f"{_e(check['name'])} <small class='short'>{_e(where)}</small>{_command(check)}",
            _clock(check["at"], started),
            _e(check["tries"]),
            '<span class="said">' + _e(check["told"]) + "</span>",
            _end_text(check["passed"]),
        )
        for where, check in checks
    )
    return f"<h2>{title}</h2>" + _table(("check", "at", "tries", "output", "result"), rows)


def _command(check: JsonObject) -> str:
    """Return the command and its digests, which show whether it was changed since."""
    if not check["command"]:
        return ""
    digests = (("command", check["command_sha256"]), ("file", check["file_sha256"]))
    known = ", ".join(f"{of} {digest[:12]}" for of, digest in digests if digest)
    shown = f"<code>{_e(check['command'])}</code> " if check["command"] != check["name"] else ""
    return f"<br><small>{shown}{_e(f'SHA-256 of the {known}' if known else '')}</small>"


def _points(points: Iterable[JsonObject]) -> str:
    if not points:
        return ""
    rows = (
        (
            _e(point["group"]),
            f"<code>{_e(point['id'])}</code>",
            _short(moment(point["taken"])),
            _e(point["volumes"]),
            _e(point["engine"]),
        )
        for point in points
    )
    return "<h2>Where the data came from</h2>" + _table(("group", "point", "taken", "volumes", "by"), rows)


def _approvals(approvals: Iterable[JsonObject]) -> str:
    """Return who approved the takeover and its manual steps."""
    rows = [
        (_e(each["what"]), _e(each["principal"]), _e(each["by"]), _short(moment(each["at"])))
        for each in approvals
    ]
    return "<h2>Approvals</h2>" + _table(("what", "principal", "person", "at"), rows) if rows else ""


def _aside(document: Document) -> str:
    """Return the time in which both environments ran, and the replaced volumes that had data of their own."""
    lines, ran = [], document["both_ran"]
    if ran and ran["ended"]:
        took = f"for {duration(ran['seconds'])}, until {moment(ran['ended'])}"
        lines.append(f"<p>Both environments may have run {_e(took)}.</p>")
    elif ran:
        lines.append(f"<p>Both environments may have run from {_e(moment(ran['began']))} on.</p>")
    rows = (
        (
            _e(each["volume"]),
            f"<code>{_e(each['snapshot'])}</code>"
            if each["snapshot"]
            else "not seen"
            if each["kept_until"]
            else '<span class="bad">none</span>',
            _short(describe_end(each["kept_until"], ends_by_time=each["ends_by_time"]))
            if each["kept_until"]
            else "",
        )
        for each in document["left_aside"]
    )
    if document["left_aside"]:
        lines.append(
            "<p>These volumes were replaced. They had data that is in no point.</p>"
            + _table(("volume", "snapshot", "kept"), rows)
        )
    return "<h2>What was replaced</h2>" + "".join(lines) if lines else ""


def _unread(entries: Collection[str]) -> str:
    """Return the unreadable entries of the ledger, which may record newer data."""
    if not entries:
        return ""
    listed = "".join(f"<li>{_e(each)}</li>" for each in entries)
    return f"<h2>Not read</h2><p>{UNREAD_ENTRIES}:</p><ul>{listed}</ul>"


def _afterwards(document: Document) -> str:
    left, sweep = document["left_behind"], command("dr", "sweep", document["recovery"])
    calls = f"{count(document['calls'], 'API call')} to the target."
    if left:
        are = "is" if left == 1 else "are"
        remains = f"{count(left, 'resource')} of it {are} left in the target."
        calls = f"{remains} To delete what is left: {sweep}. {calls}"
    if document["kind"] == "refresh":
        up = document["rto_measured"] is not None
        again = command("dr", "refresh", document["recovery"])
        state = "is up as a standby." if up else f"is not up yet: run {again} again."
        return f"{document['target']} {state} The source was not changed. {calls}"
    if document["kind"] != "drill":
        is_active = document["rto_measured"] is not None
        over = (
            "has taken over." if is_active else "has not taken over yet: run the command again to continue."
        )
        stopped = "The source was stopped first."
        if not document["source_fenced"]:
            fence = command("dr", "fence", document["recovery"])
            stopped = f"The source was NOT stopped. When it comes back, run first: {fence}."
        return f"{document['target']} {over} {stopped} {calls}"
    if way := document["way_in"]:
        calls = f"{way['through']} could be reached from {', '.join(way['ranges'])}. {calls}"
    if left is None:
        return f"It is not known whether anything of it is left in the target. Run {sweep}. {calls}"
    return calls if left else f"The drill copy is deleted. {calls}"


def _signature(document: Document, verifying: str) -> str:
    signed, by = document.get("signed"), f"Made by portinfra {_e(document['version'])}."
    if not isinstance(signed, Mapping):
        return f'<p class="faint">This evidence is not signed. {by}</p>'
    return (
        '<p class="faint">The JSON file behind this page is signed with Ed25519, key '
        f"<code>{_e(str(signed.get('public_key'))[:16])}</code>. This page proves nothing; "
        f"<code>{_e(verifying)}</code> shows whether that file is as it was signed, and by whom. {by}</p>"
    )


def _short(text: str) -> str:
    return f'<span class="short">{_e(text)}</span>'


def _clock(when: str, started: str) -> str:
    """Return the time of day, with the date where it differs from that of the beginning."""
    at = datetime.fromisoformat(when).astimezone(UTC)
    same = at.date() == datetime.fromisoformat(started).astimezone(UTC).date()
    return _short(at.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S"))
