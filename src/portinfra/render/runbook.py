"""The recovery plan as a page for someone who is no system administrator (R24). Markdown."""

import re
import shlex
from collections.abc import Iterable

from attrs import frozen

from portinfra.command_text import command_line
from portinfra.hooks.calls import name_of
from portinfra.model.hook import Hook
from portinfra.model.recovery import RecoveryPlan, Wave
from portinfra.placement import host_names, place, role_in
from portinfra.recovery.groups import groups
from portinfra.recovery.recovery import Recovery
from portinfra.visible import visible

MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
TICKS = re.compile("`+")


def runbook(recovery: Recovery, folder: str = "") -> str:
    """Return the page. Its commands are typed in that folder."""
    page = _Page(recovery, folder)
    parts = (_beginning, _looking, _taking_over, _stopping, _seeing, _going_back, _never, _monthly)
    return "\n".join(visible(line) for part in parts for line in part(page))


@frozen
class _Page:
    recovery: Recovery
    folder: str

    @property
    def plan(self) -> RecoveryPlan:
        return self.recovery.plan

    @property
    def source(self) -> str:
        return self.recovery.source.name

    @property
    def target(self) -> str:
        return self.recovery.target.name

    def command(self, verb: str, *more: str) -> str:
        """Return a command as a line of code."""
        return f"    {command_line('dr', verb, self.plan.name, *more)}"

    def ticked(self, verb: str, *more: str) -> str:
        """Return a command as code in a sentence."""
        return _code(self.command(verb, *more).strip())

    def hosts(self, wave: Wave) -> str:
        """The hosts of a wave."""
        roles = [role for role in self.recovery.topology.roles if role.name in wave.roles]
        return ", ".join(host for role in roles for host in host_names(role_in(role, self.recovery.target)))

    def actions(self, occasion: str, *after: str) -> list[str]:
        """What is done on that occasion once these roles are back; after none: at the end."""
        return [
            f"{_text(action.name)} ({_told(action.run)})"
            for action in self.plan.actions
            if occasion in action.on and action.after in (after or ("",))
        ]


def _beginning(page: _Page) -> Iterable[str]:
    plan, source, target = page.plan, page.recovery.source, page.recovery.target
    yield f"# When {source.name} is down: recovery of {page.recovery.topology.name}"
    yield ""
    yield f"{page.recovery.topology.name} runs in *{source.name}* ({source.on}). When that is lost,"
    yield f"*{target.name}* ({target.on}) takes over, with data that is at most {plan.rpo} old,"
    yield f"within {plan.rto}."
    yield ""
    yield f"Use this page when {source.name} is down and nobody can say that it will be back within"
    yield f"{plan.rto}. Do not use it for one host or one page that does not work."
    yield ""
    yield "You need no other knowledge than this page. Do the steps in their order, and read what you see."
    where = f" {_code(page.folder)}" if page.folder else " that holds the declaration"
    yield f"Each command is typed into a terminal, in the folder{where}."
    if vault := page.recovery.vault:
        keys = [vault.receiver, *(key for key in (vault.identity, vault.password) if key)]
        yield "The data waits, sealed, in a vault. The computer that you use needs the program rclone,"
        yield f"and these files, without which nobody can open it: {', '.join(map(_code, keys))}."
    asked = [word for word in shlex.split(page.command("status")) if word.endswith("=VALUE")]
    if asked:
        yield f"Put what belongs there in place of each `VALUE` ({', '.join(map(_code, asked))});"
        yield "the people below know it."
    yield "Any other computer will do that has portinfra, this folder with the declaration in it, and the"
    yield f"credentials for {source.name} and {target.name}."
    yield ""
    yield "## Whom to tell first"
    yield ""
    contacts = [f"- {_text(contact)}" for contact in plan.contacts]
    yield from contacts or ["- The plan names nobody (`contacts`). Tell whoever is in charge."]
    yield ""


def _looking(page: _Page) -> Iterable[str]:
    yield "## 1. Look"
    yield ""
    yield page.command("status")
    yield ""
    yield "It lists every volume with the age of its newest data. `ok`: go on. `late` or `lost`: older data"
    yield "comes back than was planned for, or none; say so to whom you told, and go on if they agree."
    yield ""


def _taking_over(page: _Page) -> Iterable[str]:
    yield "## 2. Take over"
    yield ""
    yield f"If {page.source} still answers, even badly, or if you do not know:"
    yield ""
    yield page.command("failover")
    yield ""
    yield f"Where {page.source} works, and is left on purpose, write this instead: then nothing is lost."
    yield ""
    yield page.command("failover", "--planned")
    yield ""
    yield f"Only if the first one says that {page.source} does not answer, and it will not come back:"
    yield ""
    yield page.command("failover", "--lost", page.source)
    yield ""
    yield f"It shows what it is going to do and asks you to type `{page.plan.name}`."
    if page.recovery.vault:
        yield "It fetches the data from the vault first, which may take the longest of all;"
        yield "the last drill's report says how long."
    yield "Then it works in waves:"
    yield ""
    for number, wave in enumerate(page.plan.waves, 1):
        yield f"{number}. **{', '.join(wave.roles)}** ({page.hosts(wave)}), at most {wave.limit}."
        yield "   - It waits until every host runs."
        yield from (f"   - It waits for this gate: {_told(gate)}" for gate in wave.gates)
        yield from (f"   - Then it does: {action}" for action in page.actions("failover", *wave.roles))
    yield ""
    last = page.actions("failover")
    if last:
        yield f"At the end it does: {'; '.join(last)}"
        yield ""
    absent = [role.name for role in page.recovery.topology.roles if role.name not in page.plan.roles]
    if absent:
        yield f"These do not come back, for no wave has them: {', '.join(absent)}."
        yield ""


def _stopping(page: _Page) -> Iterable[str]:
    yield "## 3. If it stops"
    yield ""
    yield "Nothing is lost by running the same command again: it goes on where it stopped. What it may say:"
    yield ""
    gates = [(n, wave, gate) for n, wave in enumerate(page.plan.waves, 1) for gate in wave.gates]
    for number, wave, gate in gates:
        yield f"- {_code(f'wave {number}: gate {name_of(gate)!r} was not passed within {wave.limit}')}:"
        yield f"  something does not work on {page.hosts(wave)}. Tell the people above, with what it said"
        yield "  (it is at the top of the report). Once it is mended, run the same command again."
    anything = "Anything else" if gates else "Anything"
    yield f"- **{anything} that begins with `wave`**: tell the people above what it says; then run the same"
    yield "  command again."
    for action in page.plan.actions:
        if "failover" in action.on:
            yield f"- {_code(f'action {action.name!r} failed')}: the same."
    for group in groups(page.recovery, place(page.recovery.topology, page.recovery.target)):
        yield f"- {_code(f'no point of {group.name} can be restored')}: there is no data to bring back."
        yield "  Tell the people above; stop here."
    if page.recovery.vault:
        yield "- `is not in the vault as the ledger knows it`, or it cannot be opened: the same command with"
        yield "  `--without-point` and the id that it names uses the point before it: older data. Ask first."
    yield f"- `{page.source} does not answer, so it cannot be stopped first`: use the last command of"
    yield "  step 2, if it will not come back."
    yield f"- `{page.source} is fenced, and not all of it is stopped`: part of it does not answer. Nothing is"
    yield "  lost yet. Wait, and run the same command again; if that part will not come back, use the last"
    yield "  command of step 2: what does not answer as a whole does not answer."
    yield "- `has been changing this environment since`: somebody runs it already. Ask; then wait."
    yield f"- `{page.target} is active already`: it is done. Go to step 4."
    yield "- **It was interrupted, or this computer died**: run the same command again, here or on another"
    yield "  computer."
    yield "- **It can never be finished**, and the people above say so. Run"
    yield f"  {page.ticked('abandon')}."
    yield f"  It abandons the takeover, and {page.source} is active again with its own data."
    yield f"- **{page.target} is lost itself**, now or later, and {page.source} could work. Run"
    yield f"  {page.ticked('failback', '--lost', page.target)}."
    yield f"  It makes no call to {page.target}, and {page.source} takes over with the newest data that it"
    yield f"  has. When {page.target} comes back, stop it first of all, as step 5 shows."
    yield ""


def _seeing(page: _Page) -> Iterable[str]:
    yield "## 4. See that it works"
    yield ""
    yield "At the end it says `passed` or `failed`, and where its report is: a page to open in a browser."
    yield f"`failed` may mean that {page.target} has taken over, but late, or that a probe failed: the report"
    yield "says which. The command behind `Verify:` tells whether somebody has altered it since. Keep it all,"
    yield "and the key that it names, where nobody can change it."
    yield ""
    probes = [probe for probe in page.plan.probes if not probe.from_role]  # those run in drills alone
    if probes:
        yield "It asks these probes itself. Where one failed, tell the people above:"
        yield ""
        yield from (f"- {_text(probe.name)} ({_told(probe.run)})" for probe in probes)
    else:
        yield "The plan has no probes. Look yourself: open a page, do what a customer does."
    yield ""


def _going_back(page: _Page) -> Iterable[str]:
    yield "## 5. Afterwards"
    yield ""
    yield f"**When {page.source} comes back after `--lost`**, first of all stop it, so that no two"
    yield "work at the same time. It asks you to type `y`:"
    yield ""
    yield page.command("fence")
    yield ""
    yield f"**To go back**, some quiet day, once {page.source} is mended. It carries what was written since,"
    yield f"stops {page.target}, and brings {page.source} up again. It asks you to type `{page.plan.name}`:"
    yield ""
    yield page.command("failback")
    yield ""
    done = [action for wave in page.plan.waves for action in page.actions("failback", *wave.roles)]
    done += page.actions("failback")
    if done:
        yield f"On its way it does: {'; '.join(done)}"
        yield ""
    yield f"What was written in {page.source} between its last point and the outage is replaced. To salvage"
    yield "it, take snapshots of its volumes first, by its cloud's own means."
    yield ""
    yield "If it stops, run the same command again: it goes on where it stopped. What it says means what it"
    yield f"means in step 3, with {page.source} and {page.target} in each other's place. But:"
    yield ""
    yield "- If it can never be finished, or a point that it began with is gone, run"
    yield f"  {page.ticked('abandon')}."
    yield f"  It abandons the way back, and {page.target} is active again with its own data. The way back may"
    yield "  begin anew then."
    yield f"- If {page.source} is lost again, the last command of step 2 makes no call to it, and"
    yield f"  {page.target} takes over with the newest data that it has."
    yield f"- If {page.target} is lost on the way, run"
    yield f"  {page.ticked('failback', '--lost', page.target)}."
    yield f"  It makes no call to {page.target}, and {page.source} comes up from the newest data that it has."
    yield f"  When {page.target} comes back, stop it first of all, as above."
    yield ""


def _never(page: _Page) -> Iterable[str]:
    yield "## Never"
    yield ""
    yield f"- Never start the hosts of {page.source} by hand while {page.target} has taken over."
    yield f"- Never use `--lost` while {page.source} still answers."
    yield "- Never use `--without-peer` to get rid of a refusal: it keeps two from working at once."
    yield f"- Never remove anything of {page.target} by hand, nor what has `points` or `ledger` in its name."
    yield ""


def _monthly(page: _Page) -> Iterable[str]:
    yield "## Every month, while nothing is wrong"
    yield ""
    yield page.command("drill")
    yield ""
    yield f"It does all of this apart from everything else in {page.target}, and removes it again."
    yield "Keep the report, and print this page anew. If this computer dies meanwhile:"
    yield ""
    yield page.command("sweep")


def _told(hook: Hook) -> str:
    return _code(hook) if isinstance(hook, str) else _text(name_of(hook))


def _code(text: str) -> str:
    """Text as code, in one line, whatever ticks it has itself."""
    line = " ".join(text.split())
    fence = "`" * (1 + max((len(ticks) for ticks in TICKS.findall(line)), default=0))
    room = " " if "`" in line else ""
    return f"{fence}{room}{line}{room}{fence}"


def _text(text: str) -> str:
    """Text as it is, in one line."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))
