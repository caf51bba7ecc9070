"""The results of a check in SARIF 2.1.0, which code hosts show beside the lines of a change.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. The identity of a result has
no number of a line, so it stays the same when lines move. The log names no folder of this machine.
"""

import hashlib
import re

from portinfra.model.plain import Document
from portinfra.render.check_results import CheckResults, Place, Result, RuleSummary
from portinfra.version import VERSION

BASE = "SRCROOT"
"""The name of the folder of the sources, which relative addresses begin at."""

FINGERPRINT = "ruleSubjectMessage/v1"
"""The identity of a result: a digest of its rule, its subject and its message."""

_LINE_OF_FILE = re.compile(r"(\.(?:hcl|py)):\d+(?::\d+)?")


def sarif_log(results: CheckResults) -> Document:
    """Return a log with one run: a result for each finding, and a suppressed one for each waived finding."""
    ids = [rule.id for rule in results.rules]
    run = {
        "tool": {
            "driver": {
                "name": "portinfra",
                "version": VERSION,
                "rules": [_rule(rule) for rule in results.rules],
            }
        },
        "invocations": [_invocation(results)],
        "originalUriBaseIds": {BASE: {"description": {"text": "The folder of the sources."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, ids.index(each.finding.rule)) for each in results.results],
    }
    return {"version": "2.1.0", "runs": [run]}


def _rule(rule: RuleSummary) -> Document:
    what = _message(rule.what)
    page = f"See {rule.page}." if rule.page else ""
    return {
        "id": rule.id,
        "shortDescription": what,
        "fullDescription": what,
        "help": _message(" ".join(filter(None, (rule.fix, page))) or rule.what),
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _invocation(results: CheckResults) -> Document:
    """Return whether the rules were checked. An error that has no results is a notification."""
    invocation: Document = {"executionSuccessful": not results.failure}
    if results.failure and not results.results:
        notification = {"level": "error", "message": _message(results.failure)}
        invocation["toolExecutionNotifications"] = [notification]
    return invocation


def _result(result: Result, number: int) -> Document:
    finding = result.finding
    location: Document = {}
    if result.place:
        location["physicalLocation"] = _physical_location(result.place)
    if finding.subject:
        name = finding.subject.rpartition(".")[2]
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": finding.subject}]
    document = {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": str(finding.severity),
        "message": _message(f"{result.headline}. {finding.fix}".strip()),
        "locations": [location] if location else [],
        "partialFingerprints": {FINGERPRINT: _fingerprint(result)},
    }
    if result.waiver:
        suppression = {"kind": "inSource", "justification": result.waiver}
        document["suppressions"] = [suppression]
    return document


def _physical_location(place: Place) -> Document:
    base = {"uriBaseId": BASE} if place.is_in_sources else {}
    column = {"startColumn": place.column} if place.column else {}
    return {
        "artifactLocation": {"uri": place.uri, **base},
        "region": {"startLine": place.line, **column},
    }


def _message(text: str) -> Document:
    """Return a text as a message: braces are doubled (3.11.5), and no text becomes a link (3.11.6)."""
    return {"text": text.replace("{", "{{").replace("}", "}}").replace("](", "] (")}


def _fingerprint(result: Result) -> str:
    finding = result.finding
    message = _LINE_OF_FILE.sub(r"\1", finding.message)
    text = "\0".join((finding.rule, finding.subject, message))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
