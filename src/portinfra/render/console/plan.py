"""A plan as text: first deletions and dangers, then changes, then new resources."""

from collections.abc import Mapping

from portinfra.model.change import Action
from portinfra.model.finding import Severity
from portinfra.model.plan import Plan
from portinfra.render.console.errors import show_findings
from portinfra.render.console.styled import styled_text
from portinfra.render.console.terminal import Console, print_hanging
from portinfra.render.plan_report import SYMBOLS, Section, report, totals_line

STYLES: Mapping[Action, str] = {
    "create": "green",
    "update": "yellow",
    "replace": "bold magenta",
    "delete": "bold red",
    "keep": "cyan",
}


def show_plan(plan: Plan, console: Console, *, full: bool = False, errors: bool = True) -> None:
    """Print a plan. Without `full`, many equal changes become one line. Without `errors`, its errors are left
    to the error that reports them.
    """
    made = report(plan, full=full)
    console.print(styled_text((made.headline, "bold"), f" on {made.where}"))
    _show_section(console, made.dangers, places=full)
    _show_section(console, made.changes)
    _show_section(console, made.new)
    if full and made.flows:
        console.print()
        console.print(styled_text(("Flows", "bold")))
        for flow in made.flows:
            print_hanging(console, styled_text("  "), flow)
    console.print()
    for note in made.notes:
        print_hanging(console, styled_text(""), note)
    if total := totals_line(made):
        print_hanging(console, styled_text(""), total)
    show_findings((each for each in made.findings if errors or each.severity is not Severity.ERROR), console)


def _show_section(console: Console, section: Section, *, places: bool = False) -> None:
    if not section.lines:
        return
    console.print()
    console.print(styled_text((section.title, "bold")))
    width = max(len(line.role) for line in section.lines)
    for line in section.lines:
        first = styled_text((f"  {SYMBOLS[line.action]:<4}", STYLES[line.action]), f"{line.role:<{width}}  ")
        reason = f"  {line.reason}" if line.reason else ""
        place = f"  ({line.place})" if places and line.place else ""
        print_hanging(console, first, f"{line.what}{reason}{place}")
        for detail in line.details:
            print_hanging(console, styled_text(f"      {'':<{width}}    "), detail, style="dim")
