"""The results of a check as JUnit's XML, which CI servers show as a list of tests.

A rule without findings is a test that passes. A finding is a test of its own: an error fails, a warning or a
note passes with its text, and a waived finding is skipped. Only elements and attributes of the schema of
Jenkins' xUnit plugin are used; GitLab reads them, too.
"""

from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from portinfra.model.finding import Severity
from portinfra.render.check_results import CheckResults, Result, RuleSummary
from portinfra.safe_text import visible


def junit_page(results: CheckResults) -> str:
    """Return a suite of tests as XML in ASCII, so that it is right in the encoding of any stream."""
    found = {each.finding.rule for each in results.results}
    cases = [_finding_case(each) for each in results.results]
    if results.failure:
        cases += [] if cases else [_failed_check(results.failure)]
    else:
        cases += [_rule_case(rule, results) for rule in results.rules if rule.id not in found]
    _number_equal_names(cases)
    counts = {
        "tests": str(len(cases)),
        "failures": _count(cases, "failure"),
        "errors": _count(cases, "error"),
    }
    root = Element("testsuites", {"name": "portinfra", **counts})
    about = {"name": _clean(f"check {results.scope}".strip()), "skipped": _count(cases, "skipped")}
    suite = SubElement(root, "testsuite", {**about, **counts})
    suite.extend(cases)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="us-ascii").decode()}\n'


def _finding_case(result: Result) -> Element:
    finding = result.finding
    case = _case(finding.rule, result.headline)
    place = f"{result.place.file}:{result.place.line}: " if result.place else ""
    text = "\n".join(filter(None, (f"{place}{result.headline}", finding.fix)))
    if result.waiver:
        SubElement(case, "skipped", message=_clean(f"waived by {result.waiver}"))
    elif finding.severity is Severity.ERROR:
        failure = SubElement(case, "failure", type=finding.rule, message=_clean(result.headline))
        failure.text = _clean(text, keep="\n")
    else:
        SubElement(case, "system-out").text = _clean(f"{finding.severity}: {text}", keep="\n")
    return case


def _rule_case(rule: RuleSummary, results: CheckResults) -> Element:
    case = _case(rule.id, rule.what)
    if not rule.was_checked:
        SubElement(case, "skipped", message="The cloud was not read: --observed reads it.")
    elif not results.was_observed:
        SubElement(case, "system-out").text = "No finding about the declaration. The cloud was not read."
    return case


def _failed_check(failure: str) -> Element:
    case = _case("check", "check the rules")
    SubElement(case, "error", type="error", message=_clean(failure))
    return case


def _case(group: str, name: str) -> Element:
    return Element("testcase", classname=_clean(group), name=_clean(name))


def _number_equal_names(cases: list[Element]) -> None:
    """Give equal tests a number each: GitLab shows only one test of a name."""
    seen: Counter[tuple[str, str]] = Counter()
    for case in cases:
        key = case.attrib["classname"], case.attrib["name"]
        seen[key] += 1
        if seen[key] > 1:
            case.set("name", f"{key[1]} ({seen[key]})")


def _count(cases: list[Element], tag: str) -> str:
    return str(sum(case.find(tag) is not None for case in cases))


def _clean(text: str, keep: str = "") -> str:
    """Return a text without characters that XML 1.0 cannot contain (https://www.w3.org/TR/xml/#charsets)."""
    return visible(text, keep).translate({0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"})
