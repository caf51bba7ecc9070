"""The forecast of a move as text."""

from portinfra.format import count, duration
from portinfra.portability.move import Choice, Move
from portinfra.render.console.errors import show_findings
from portinfra.render.console.styled import styled_text, table
from portinfra.render.console.terminal import Console
from portinfra.render.plan_report import usual_time


def show_move(move: Move, console: Console) -> None:
    """Print what carries over, what does not, the chosen sizes and images, and the costs."""
    here, there = move.here.environment, move.plan.placed.environment
    account = f", account {there.account}" if there.account else ""
    console.print(styled_text((str(move.plan.scope), "bold"), f" from {here.on} to {there.on}{account}"))
    _title(console, "Carries over")
    for line in _carried_lines(move):
        console.print(f"  {line}")
    if move.lost:
        _title(console, "Has no equal there, or needs a new name")
        lost = table("", "what", "value", "meaning", "at")
        for tie in move.lost:
            lost.add_row("", tie.subject, tie.value, tie.meaning, str(tie.location))
        console.print(lost)
    _title(console, "Sizes and images")
    chosen = table("", "role", "hosts", "size", "here", "there", "", "image", "there")
    for choice in move.choices:
        image = choice.image_id or "none"
        chosen.add_row(
            "",
            choice.role,
            str(choice.hosts),
            choice.size,
            choice.here,
            choice.there,
            _machine(choice),
            choice.image,
            image,
        )
    console.print(chosen)
    console.print()
    console.print(_cost(move))
    show_findings(move.plan.findings, console)


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(styled_text((text, "bold")))


def _carried_lines(move: Move) -> list[str]:
    carried = move.carried_counts
    topology = move.here.topology
    lines = [
        f"{count(carried['instance'], 'host')} of {count(len(topology.roles), 'role')}, "
        "each with its private address and its place among the zones",
        f"{count(carried['subnet'], 'subnet')}, {count(carried['firewall'], 'firewall')} and "
        f"{count(len(topology.flows), 'flow')} between them",
    ]
    if carried["volume"]:
        lines.append(
            f"{count(carried['volume'], 'volume')} of {move.data_gib:,} GiB, new and empty: "
            "what is in them moves by a recovery plan"
        )
    if carried["public-address"]:
        lines.append(f"{count(carried['public-address'], 'public address')}, each another one there")
    return lines


def _machine(choice: Choice) -> str:
    if not choice.vcpus:
        return ""
    return f"{count(choice.vcpus, 'vCPU')}, {choice.memory_gib:g} GiB"


def _cost(move: Move) -> str:
    plan, budget = move.plan, move.plan.budget
    if plan.empty:
        return f"Nothing to do there: {plan.scope} is as declared. Nothing was changed."
    changes = f"To build it there: {count(len(plan.changes), 'change')}"
    if plan.errors or not budget.calls:  # the calls of a plan that no apply accepts are not counted
        return f"{changes}. Nothing was changed."
    floor = f" and {duration(budget.floor_seconds)}" if budget.floor_seconds >= 1 else ""
    return (
        f"{changes}, at least {count(budget.calls, 'API call')}{floor} by the provider's published rates."
        f"{usual_time(plan)} Nothing was changed."
    )
