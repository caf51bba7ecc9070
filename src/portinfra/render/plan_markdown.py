"""A plan as Markdown, for a comment on a pull request: dangers first, and never too long for one.

A comment on GitHub may have 65,536 characters; a program that posts it needs some for text of its own.
"""

import re
from collections.abc import Iterable, Iterator

from portinfra.format import count, join_runs
from portinfra.model.finding import Finding, Severity
from portinfra.render.markdown_text import code, escape
from portinfra.render.plan_report import SYMBOLS, Purchase, Report, Section, totals_line
from portinfra.safe_text import visible
from portinfra.value import frozen

_REFERENCE = re.compile(r"@|#(?=[0-9])")
_END_OF_REFERENCE = "&#8203;"
"""A character without width. GitHub reads names after `@`, and numbers after `#`, in the text that it shows.
So a backslash ends no reference.
"""

LENGTH_MAX = 60_000
"""The most characters of a page."""
CELL_MAX = 240
"""The most characters of one text, before its escapes."""
DETAILS_MAX = 12
"""The most attributes of one line."""
RESERVE = 400
"""The characters that each block keeps free for the title and the last line of each block after it."""


@frozen
class _Block:
    """A title, and lines of which the last ones may be left out."""

    opening: tuple[str, ...]
    lines: tuple[str, ...]
    closing: tuple[str, ...] = ()


def plan_page(report: Report) -> str:
    """Return a plan as a page of at most `LENGTH_MAX` characters, which counts the lines that it lacks."""
    blocks = [block for block in _blocks(report) if block.lines]
    page = f"## Plan: {_text(report.headline)} on {_text(report.where)}\n"
    for number, block in enumerate(blocks):
        page += _fit(block, LENGTH_MAX - len(page) - RESERVE * (len(blocks) - number))
    return page


def _fit(block: _Block, room: int) -> str:
    """Return as much of a block as fits, with a line that counts the rest."""
    ends = "\n".join(["", *block.opening, *block.closing, ""])
    left = room - len(ends)
    kept = 0
    while kept < len(block.lines) and len(block.lines[kept]) + 1 <= left:
        left -= len(block.lines[kept]) + 1
        kept += 1
    missing = len(block.lines) - kept
    more = count(missing, "more line")
    notice = f"*{more} left out. The same plan on a terminal, with `--full`, has all.*"
    rest = ("", notice) if missing else ()
    return "\n".join(["", *block.opening, *block.lines[:kept], *rest, *block.closing, ""])


def _blocks(report: Report) -> Iterator[_Block]:
    """Yield the blocks in the order of a reader's interest: what is lost or refused first."""
    errors = [each for each in report.findings if each.severity is Severity.ERROR]
    others = [each for each in report.findings if each.severity is not Severity.ERROR]
    yield _list("Errors: an apply refuses this plan", map(_finding, errors))
    yield _table(report.dangers)
    yield _list("Summary", map(_text, (*report.notes, totals_line(report))))
    yield _purchases(report.purchases)
    yield _list("Flows", map(_text, report.flows))
    yield _fold(_table(report.changes))
    yield _fold(_table(report.new))
    yield _list("Warnings and notes", map(_finding, others))


def _list(title: str, lines: Iterable[str]) -> _Block:
    return _Block((f"### {title}", ""), tuple(f"- {line}" for line in lines if line))


def _table(section: Section) -> _Block:
    rows = []
    for line in section.lines:
        details = "".join(f"<br>{_text(detail)}" for detail in line.details[:DETAILS_MAX])
        if len(line.details) > DETAILS_MAX:
            details += f"<br>… and {count(len(line.details) - DETAILS_MAX, 'more attribute')}"
        place = _code(str(line.place)) if line.place else ""
        mark, reason = _code(SYMBOLS[line.action]), _text(line.reason)
        rows.append(f"| {mark} | {_text(line.role)} | {_text(line.what)}{details} | {reason} | {place} |")
    title = f"### {section.title}"
    return _Block((title, "", "| | role | what | why | declared |", "|---|---|---|---|---|"), tuple(rows))


def _fold(block: _Block) -> _Block:
    title, *opening = block.opening
    summary = f"{title.lstrip('# ')} ({count(len(block.lines), 'line')})"
    return _Block(("<details>", f"<summary>{summary}</summary>", *opening), block.lines, ("", "</details>"))


def _purchases(purchases: Iterable[Purchase]) -> _Block:
    rows = []
    for each in purchases:
        size = f"{each.vcpus} | {each.memory_gib:g} GiB" if each.vcpus is not None else " | "
        machine = _code(each.machine_type) if each.machine_type else "volume"
        names = f"{_text(join_runs(each.names))} ({len(each.names)})"
        zones = _text(", ".join(each.zones))
        rows.append(f"| {names} | {machine} | {size} | {each.disk_gib:,} GiB | {zones} |")
    heads = "| new | type | vCPUs | memory | disk | zones |"
    return _Block(("### What is created, each", "", heads, "|---|---|---|---|---|---|"), tuple(rows))


def _finding(finding: Finding) -> str:
    place = f"{_code(finding.location.exact)} " if finding.location else ""
    subject = f"{_text(finding.subject)}: " if finding.subject else ""
    return f"**{finding.severity}** {place}{subject}{_text(finding.message)} {_text(finding.fix)}".rstrip()


def _text(text: str) -> str:
    """Return a text that notifies no person and refers to no issue."""
    return _REFERENCE.sub(rf"\g<0>{_END_OF_REFERENCE}", escape(_cut(text)))


def _code(text: str) -> str:
    """Return a text as code. A table ends its cell at each `|`, also in code, unless it is escaped."""
    return code(_cut(text)).replace("|", "\\|")


def _cut(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= CELL_MAX else f"{line[: CELL_MAX - 2]} …"
