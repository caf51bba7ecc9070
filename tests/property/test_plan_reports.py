"""A plan as people read it: dangers first, true totals, and Markdown that no name can break."""

import re

from attrs import evolve
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from portinfra import Environment, apply, destroy, plan
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.resources import Instance, Volume
from portinfra.render.plan_markdown import LENGTH_MAX, plan_page
from portinfra.render.plan_report import Line, Purchase, Report, Section, Totals, report, totals
from portinfra.testing import strategies
from portinfra.testing.simulation import simulate

CANARY = "canary-4711"
OURS = re.compile(r"<br>|</?details>|<summary>[A-Z][a-z]+ \([0-9,]+ lines?\)</summary>")
topologies = strategies.topologies(max_roles=3, max_hosts=3).filter(lambda topology: topology.roles)
environment = Environment("demo", on="fake:us-east-1")

texts = st.text(st.sampled_from("ab |`<>&\\\n\r*_[](){}#!-~\u202e\x1b/"), max_size=40) | st.sampled_from(
    [
        *("<script>alert(1)</script>", "a | b", "``` \n# title\n", "</details>", "[x](javascript:x)"),
        *("@octocat, look", "&#64;octocat", "fixes #12", "&#35;12", "@" * 300, "x" * 5_000),
    ]
)
actions = st.sampled_from(["create", "update", "replace", "delete", "keep"])
lines = st.builds(
    Line,
    action=actions,
    role=texts,
    what=texts,
    reason=texts,
    place=st.none() | st.builds(Location, texts, st.just(7)),
    details=st.lists(texts, max_size=20).map(tuple),
)
findings = st.builds(Finding, st.just("a/rule"), texts, texts, st.sampled_from(Severity), texts)
purchases = st.builds(
    Purchase,
    role=texts,
    names=st.lists(texts, min_size=1, max_size=3).map(tuple),
    machine_type=texts,
    vcpus=st.none() | st.just(2),
    memory_gib=st.just(4.0),
    disk_gib=st.just(20),
    zones=st.lists(texts, max_size=3).map(tuple),
)


def many(what):
    """A few values, or thousands of them."""
    return st.tuples(st.lists(what, max_size=3), st.sampled_from([1, 1, 30, 400])).map(
        lambda drawn: tuple(drawn[0] * drawn[1])
    )


reports = st.builds(
    Report,
    headline=texts,
    where=texts,
    dangers=st.builds(Section, st.just("Deletions and dangers"), many(lines)),
    changes=st.builds(Section, st.just("Changes"), many(lines)),
    new=st.builds(Section, st.just("New"), many(lines)),
    purchases=many(purchases),
    added=st.builds(Totals, hosts=st.integers(0, 9)),
    removed=st.just(Totals()),
    flows=many(texts.filter(str.strip)),
    notes=st.lists(texts.filter(str.strip), max_size=3).map(tuple),
    findings=many(findings),
)


def shown_text(tokens):
    """The text that people see, without code."""
    for token in tokens:
        if token.type == "text":
            yield token.content
        yield from shown_text(token.children or ())


def html_of(tokens):
    for token in tokens:
        if token.type in ("html_inline", "html_block"):
            yield from (line for line in token.content.split("\n") if line)
        yield from html_of(token.children or ())


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])
@given(reports)
def test_no_text_becomes_markup_and_the_page_counts_what_it_leaves_out(made):
    page = plan_page(made)
    assert len(page) <= LENGTH_MAX
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    assert [each for each in html_of(tokens) if not OURS.fullmatch(each)] == []
    shown = "\n".join(shown_text(tokens))
    assert re.findall(r"@\w|#[0-9]", shown) == [], "it notifies a person, or refers to an issue"
    rows = [token.map for token in tokens if token.type == "tr_open"]
    heads = [token for token in tokens if token.type == "thead_open"]
    shown = len(rows) - len(heads) + sum(token.type == "list_item_open" for token in tokens)
    notices = re.findall(r"^\*([0-9,]+) more lines? left out", page, re.M)
    left = sum(int(each.replace(",", "")) for each in notices)
    parts = (
        made.dangers.lines,
        made.changes.lines,
        made.new.lines,
        made.purchases,
        made.flows,
        made.findings,
    )
    assert shown + left == sum(map(len, parts)) + len(made.notes) + bool(made.added.hosts)


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])
@given(reports)
def test_what_is_refused_or_lost_comes_before_the_rest(made):
    titles = [
        token.content.partition(" (")[0].removeprefix("<summary>")
        for token in MarkdownIt("commonmark").enable("table").parse(plan_page(made))
        if (token.type == "inline" and token.level == 1 and token.map[1] - token.map[0] == 1)
        or token.type == "html_block"
    ]
    refused = "Errors: an apply refuses this plan"
    order = [refused, "Deletions and dangers", "Summary", "What is created, each"]
    found = [title for title in titles if title in order]
    assert found == [title for title in order if title in found]
    assert ("Deletions and dangers" in found) == bool(made.dangers.lines)


def sums(made, specs):
    """The totals, counted once more from the plan's hosts and volumes."""
    hosts = [spec for spec in specs if isinstance(spec, Instance)]
    offers = [made.catalogue.machine_types[host.machine_type] for host in hosts]
    disks = [host.disk_gib for host in hosts] + [spec.gib for spec in specs if isinstance(spec, Volume)]
    return Totals(len(hosts), sum(o.vcpus for o in offers), sum(o.memory_gib for o in offers), sum(disks), 0)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow])
@given(topologies)
def test_the_totals_are_those_of_the_hosts_and_no_page_has_a_secret(topology):
    roles = [evolve(role, user_data=f"#!{CANARY}") for role in topology.roles]
    with simulate():
        made = plan(evolve(topology, roles=roles), environment)
        new = report(made)
        assert new.added == totals(made, made.wanted.values()) == sums(made, made.wanted.values())
        assert new.removed == Totals()
        bought = [name for each in new.purchases for name in each.names]
        data = [spec.name for spec in made.wanted.values() if isinstance(spec, Instance | Volume)]
        assert sorted(bought) == sorted(data)
        assert CANARY not in plan_page(report(made, full=True))
        if made.errors:
            return
        apply(made)
        gone = report(destroy(topology, environment))
        assert (gone.added, gone.purchases, gone.new.lines) == (Totals(), (), ())
        assert gone.removed.hosts == new.added.hosts
        assert gone.dangers.lines
