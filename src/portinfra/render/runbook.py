"""The recovery plan as a Markdown page for a person who is no system administrator (R24)."""

import shlex
from collections.abc import Iterable

from portinfra.command_text import command_line
from portinfra.format import duration
from portinfra.hooks.calls import name_of
from portinfra.model.hook import Hook
from portinfra.model.recovery import TAKEOVERS, Action, RecoveryPlan, Wave
from portinfra.placement import host_names, place, role_in
from portinfra.recovery.groups import groups
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.takeover.approve import APPROVAL_SECONDS
from portinfra.recovery.watch.trust import send_bundle, signer_of
from portinfra.render.markdown_text import code, escape
from portinfra.safe_text import visible
from portinfra.value import frozen


def runbook(recovery: Recovery, folder: str = "") -> str:
    """Return the page. A reader types its commands in `folder`."""
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

    def approval(self, what: str) -> str:
        """Return the command that approves a takeover or a manual step, as a line of code."""
        return f"    {command_line('dr', 'approve', what, self.plan.name)}"

    def hosts(self, wave: Wave) -> str:
        """Return the names of the hosts of a wave."""
        roles = [role for role in self.recovery.topology.roles if role.name in wave.roles]
        return ", ".join(host for role in roles for host in host_names(role_in(role, self.recovery.target)))

    def actions(self, occasion: str, *after: str) -> list[str]:
        """Return the actions of an occasion that follow these roles; without roles, those at the end."""
        return [
            f"{escape(action.name)} ({'people do it' if action.manual else _hook(action.run)})"
            for action in self.plan.actions
            if occasion in action.on and action.after in (after or ("",))
        ]


def _beginning(page: _Page) -> Iterable[str]:
    plan, source, target = page.plan, page.recovery.source, page.recovery.target
    yield f"# When {source.name} is down: recovery of {page.recovery.topology.name}"
    yield ""
    yield f"{page.recovery.topology.name} runs in *{source.name}* ({source.on}). If that is lost,"
    yield f"*{target.name}* ({target.on}) takes over. Its data is at most {plan.rpo} old,"
    yield f"and it is ready within {plan.rto}."
    yield ""
    yield f"Use this page if {source.name} is down and no one can say that it is back within {plan.rto}."
    yield "Do not use it if one host or one web page does not work."
    yield ""
    yield "This page is all that you need to know. Do the steps in their order. After each command, read what"
    yield "it prints before you go on. A command waits for your answer before it changes anything."
    yield ""
    yield "## What you need"
    yield ""
    where = f" {code(page.folder)}" if page.folder else " that has the declaration"
    yield f"- A terminal in the folder{where}. Type each command there, in one line."
    yield "- Another computer works too, if it has portinfra, this folder, and the credentials for"
    yield f"  {source.name} and {target.name}."
    if vault := page.recovery.vault:
        keys = [vault.receiver, *(key for key in (vault.identity, vault.password) if key)]
        yield "- The data is encrypted, in a vault. The computer needs the program rclone, and these files,"
        yield f"  which open it: {', '.join(map(code, keys))}."
    if found := signer_of(page.recovery):
        identity = page.recovery.target.credentials.get("age_identity", "age_identity")
        yield "- Hosts need certificates. The computer needs ssh to the host"
        yield f"  {found[0].name}, the program age, and the file {code(identity)}."
    placeholders = [word for word in shlex.split(page.command("status")) if word.endswith("=VALUE")]
    if placeholders:
        yield f"- A value in place of each `VALUE` ({', '.join(map(code, placeholders))}). The people below"
        yield "  know it."
    yield ""
    yield "## Call these people first"
    yield ""
    contacts = [f"- {escape(contact)}" for contact in plan.contacts]
    yield from contacts or ["- The plan names no one (`contacts`). Call the person who is in charge."]
    yield ""


def _looking(page: _Page) -> Iterable[str]:
    yield "## 1. Look at the data"
    yield ""
    yield page.command("status")
    yield ""
    yield "It lists each volume with the age of its newest data."
    yield ""
    yield "- `ok`: go on."
    yield "- `late` or `lost`: the data is older than planned, or missing. Say so to the people above, and go"
    yield "  on if they agree."
    yield ""


def _taking_over(page: _Page) -> Iterable[str]:
    yield "## 2. Take over"
    yield ""
    yield from _approval(page, "failover")
    yield f"Begin with this command. It stops {page.source} first, so that two never work at the same time:"
    yield ""
    yield page.command("failover")
    yield ""
    yield f"Use this command only if the first one said that {page.source} does not answer, and the people"
    yield "above say that it will not come back:"
    yield ""
    yield page.command("failover", "--lost", page.source)
    yield ""
    yield f"If {page.source} works and you leave it on purpose: this command copies the last data, too."
    yield ""
    yield page.command("failover", "--planned")
    yield ""
    yield f"The command shows what it will do, and asks you to type `{page.plan.name}`."
    if page.recovery.vault:
        yield "It fetches the data from the vault first. That may take longest; the report of the last drill"
        yield "says how long it took."
    yield "Then it starts the hosts in waves:"
    yield ""
    for number, wave in enumerate(page.plan.waves, 1):
        yield f"{number}. **{', '.join(wave.roles)}** ({page.hosts(wave)}), at most {wave.limit}."
        yield "   - It waits until every host runs."
        yield from _sending(page, wave)
        yield from (f"   - It waits for this gate: {_hook(gate)}" for gate in wave.gates)
        yield from (f"   - Then it runs: {action}" for action in page.actions("failover", *wave.roles))
    yield ""
    last = page.actions("failover")
    if last:
        yield f"At the end it runs: {'; '.join(last)}"
        yield ""
    absent = [role.name for role in page.recovery.topology.roles if role.name not in page.plan.roles]
    if absent:
        yield f"These roles do not come back, because no wave has them: {', '.join(absent)}."
        yield ""


def _sending(page: _Page, wave: Wave) -> Iterable[str]:
    """Yield how the host that signs gets the authority, below the wave that brings it up."""
    found = signer_of(page.recovery)
    if found and found[1] in wave.roles:
        signer = found[0]
        yield f"   - As soon as {signer.name} runs, type this in a second terminal. No other host gets a"
        yield "     certificate before. If it fails, wait a minute and type it again:"
        yield f"     {code(send_bundle(page.recovery, signer))}"


def _stopping(page: _Page) -> Iterable[str]:
    yield "## 3. If it stops"
    yield ""
    yield "**Run the same command again.** It goes on where it stopped, and nothing is lost by it. If this"
    yield "computer died, run it on another one."
    yield ""
    yield "It says why it stopped:"
    yield ""
    gates = [(n, wave, gate) for n, wave in enumerate(page.plan.waves, 1) for gate in wave.gates]
    for number, wave, gate in gates:
        said = code(f"wave {number}: gate {name_of(gate)!r} was not passed within {wave.limit}")
        yield from _answer(said, f"A check of {page.hosts(wave)} does not pass. {_CALL}")
    yield from _answer(f"{'anything else' if gates else 'anything'} that begins with `wave`", _CALL)
    for action in page.plan.actions:
        if action.manual and set(action.on) & set(TAKEOVERS):
            yield from _manual_step(page, action)
        elif "failover" in action.on:
            yield from _answer(code(f"action {action.name!r} failed"), _CALL)
    for occasion in page.plan.approve:
        yield from _answer(
            code(f"wants a {occasion} to be approved by a second person"),
            f"Let a second person approve it, as step {2 if occasion == 'failover' else 5} shows.",
        )
    for group in groups(page.recovery, place(page.recovery.topology, page.recovery.target)):
        said = code(f"no point of {group.name} can be restored")
        yield from _answer(said, "There is no data to bring back. Call the people above, and stop here.")
    if page.recovery.vault:
        yield from _answer(
            "`in the vault is not as the ledger records it`, or it cannot be opened",
            "Ask the people above. Then add `--without-point` and the id that it names, for older data.",
        )
    yield from _answer(
        f"`{page.source} does not answer, so it cannot be stopped first`",
        "If it will not come back: use the command of step 2 with `--lost`.",
    )
    yield from _answer(
        f"`{page.source} is fenced, and not all of it is stopped`",
        "A part of it does not answer. Wait, and run the same command again.",
        "If that part will not come back: use the command of step 2 with `--lost`.",
    )
    yield from _answer(
        "`has been changing this environment since`",
        "Another person runs it already. Call that person, and wait.",
    )
    yield from _answer(f"`{page.target} is active already`", "It is done. Go to step 4.")
    yield ""
    yield "**If the people above say that it can never be finished**, abandon it. Then"
    yield f"{page.source} is active again, with its own data:"
    yield ""
    yield page.command("abandon")
    yield ""
    yield f"**If {page.target} itself is lost**, now or later, and {page.source} could work: this command"
    yield f"makes {page.source} active again, with the newest data there. It makes no call to {page.target}."
    yield f"When {page.target} is back, stop it before anything else, as step 5 shows."
    if "failback" in page.plan.approve:
        yield "A second person approves this command first, as step 5 shows for going back."
    yield ""
    yield page.command("failback", "--lost", page.target)
    yield ""


def _seeing(page: _Page) -> Iterable[str]:
    yield "## 4. See that it works"
    yield ""
    yield "The command ends with `passed` or `failed`, and names a report: a page to open in a browser."
    yield f"`failed` may mean that {page.target} works, but took too long, or that a probe failed. The report"
    yield "says which. Keep the report, the file beside it and the key that `Verify:` names, where no one can"
    yield "change them."
    yield ""
    if page.plan.probes:
        yield "It runs these probes. If one failed, call the people above:"
        yield ""
        for probe in page.plan.probes:
            where = f", on one more host of {probe.from_role}" if probe.from_role else ""
            yield f"- {escape(probe.name)} ({_hook(probe.run)}{where})"
    else:
        yield "The plan has no probes. Look yourself: open a page, do what a customer does."
    yield ""


def _going_back(page: _Page) -> Iterable[str]:
    yield "## 5. Afterwards"
    yield ""
    yield f"**If you used `--lost`: when {page.source} is back, stop it before anything else.** Otherwise two"
    yield "environments work at the same time. It asks you to type `y`:"
    yield ""
    yield page.command("fence")
    yield ""
    yield from _approval(page, "failback")
    yield f"**To go back**, choose a quiet day after {page.source} is repaired. The command stops"
    yield f"{page.target}, copies what {page.target} wrote, and starts {page.source}. It asks you to type"
    yield f"`{page.plan.name}`:"
    yield ""
    yield page.command("failback")
    yield ""
    done = [action for wave in page.plan.waves for action in page.actions("failback", *wave.roles)]
    done += page.actions("failback")
    if done:
        yield f"On its way it runs: {'; '.join(done)}"
        yield ""
    kept = page.plan.keep_overwritten
    yield f"It replaces what {page.source} wrote after its last point and before the outage."
    if kept:
        yield f"A copy of that is kept for {kept}. Where the provider has no clock (libvirt), it is"
        yield "kept until a person deletes it."
    else:
        yield "No copy of that is kept."
    yield ""
    yield "If it stops, run the same command again. Step 3 says what its messages mean, with"
    yield f"{page.source} and {page.target} exchanged. If it can never be finished, abandon it; then"
    yield f"{page.target} is active again, with its own data:"
    yield ""
    yield page.command("abandon")
    yield ""


def _never(page: _Page) -> Iterable[str]:
    yield "## Never"
    yield ""
    yield f"- Never start hosts of {page.source} by hand while {page.target} is active."
    yield "- Never use `--lost` while the environment that it names answers."
    yield "- Never add `--without-peer`. It skips the check that keeps two from working at the same time."
    yield "- Never delete anything of either environment by hand."
    yield ""


def _monthly(page: _Page) -> Iterable[str]:
    yield "## Every month, while all is well"
    yield ""
    yield page.command("drill")
    yield ""
    yield f"It does the same in {page.target}, apart from everything else, and removes it again. Keep the"
    yield "report, and print this page again. If the computer fails during it:"
    yield ""
    yield page.command("sweep")


_CALL = "Read it to the people above. When it is repaired, run the same command again."


def _approval(page: _Page, occasion: str) -> Iterable[str]:
    """Yield the command for a second person, if the plan wants that approval before a takeover."""
    if occasion not in page.plan.approve:
        return
    yield f"**A second person approves a {occasion} first**, with credentials of their own. The approval is"
    yield f"valid for {duration(APPROVAL_SECONDS)}. That person types:"
    yield ""
    yield page.approval(occasion)
    yield ""


def _manual_step(page: _Page, action: Action) -> Iterable[str]:
    """Yield what to do when a takeover waits for a manual step, and when it has waited too long."""
    step = f"manual step {action.name!r}"
    yield from _answer(
        f"{code(f'waiting for {step}')}, or {code(f'It waits for {step}')}",
        "People do this step. When it is done, type this in another terminal:",
        "",
        page.approval(action.name),
        "",
    )
    yield from _answer(
        code(f"{step} was not approved within {action.limit}"),
        "Do the step, type the command above, and run the same command again.",
    )


def _answer(message: str, *right: str) -> Iterable[str]:
    """Yield a message, and what to do about it."""
    yield f"- {message}"
    yield from (f"  {line}" if line else "" for line in right)


def _hook(hook: Hook) -> str:
    return code(hook) if isinstance(hook, str) else escape(name_of(hook))
