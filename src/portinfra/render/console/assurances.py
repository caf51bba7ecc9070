"""The sentences that report success, each with the exceptions that make it true.

A reader stops reading at such a sentence. So each has a name here, and no other module writes one. A test
compares each with the simulator's own records over random histories. It fails for a name that never occurs.
"""

from collections import Counter
from collections.abc import Mapping

from portinfra.command_text import command
from portinfra.format import count, join_runs
from portinfra.misplaced_hosts import find_elsewhere
from portinfra.model.address import Address
from portinfra.model.plan import Plan
from portinfra.model.resources import FirewallRules, Instance
from portinfra.placement import host_names, role_in
from portinfra.planning.creation import RULE as BORN_OTHERWISE
from portinfra.planning.ignored_attributes import RULE as IGNORED
from portinfra.planning.roles import role_of
from portinfra.planning.zones import resources_after
from portinfra.policy import Report

ASSURANCES: Mapping[str, str] = {
    "nothing to do": "Nothing to do: {what} is as declared{exceptions}.",
    "nothing to do where zones answer": "Nothing to do in the zones of {what} that answer{exceptions}.",
    "nothing to do when fenced": "Nothing to do: {what} is fenced, and its hosts are off{exceptions}.",
    "nothing to destroy": "Nothing to do: nothing of {what} exists{exceptions}.",
    "nothing differs": "Nothing differs from the declaration{exceptions}.",
    "applied": "A fresh look finds {what} as declared{exceptions}.",
    "applied when fenced": "A fresh look finds {what} fenced, and its hosts off{exceptions}.",
    "destroyed": "Nothing of {what} is left{exceptions}.",
    "not tried": "{untried} not tried",
    "dropped": "All traffic that is not listed above is dropped{exceptions}.",
}
"""Name → sentence."""


def assurance(name: str, plan: Plan) -> str:
    """Return one of these sentences about a plan that changes nothing, or that was applied."""
    except_for = [*_data_kept(plan), *_not_looked_at(plan)]
    if not plan.destroys:
        except_for += [
            *_creation_settings_differ(plan),
            *_creation_settings_unknown(plan),
            *_other_zones(plan),
            *_list_ignoring_roles(plan),
            *_hosts_missing(plan),
            *_closed_lines(plan),
        ]
        except_for += [] if name.startswith("applied") else [*_not_in_force(plan), *_still_running(plan)]
    exceptions = f", except {_and(except_for)}" if except_for else ""
    return ASSURANCES[name].format(what=_what(plan), exceptions=exceptions)


def nothing_to_do(plan: Plan) -> str:
    """Return the sentence about a plan that changes nothing."""
    if plan.destroys:
        return _waits(plan) or assurance("nothing to destroy", plan)
    if _is_fenced(plan):
        return assurance("nothing to do when fenced", plan)
    if plan.observation.unknown or plan.options.without_zones:
        return assurance("nothing to do where zones answer", plan)
    return assurance("nothing to do", plan)


def done(plan: Plan) -> str:
    """Return the sentence about a plan that was applied and verified."""
    if plan.destroys:
        return _waits(plan) or assurance("destroyed", plan)
    return assurance("applied when fenced" if _is_fenced(plan) else "applied", plan)


def nothing_differs(plan: Plan) -> str:
    """Return the sentence of `status` about an environment that needs no change."""
    return assurance("nothing to do when fenced" if _is_fenced(plan) else "nothing differs", plan)


def describe_dropped_traffic(report: Report) -> str:
    """Return the sentence of `check` about all traffic that it does not list."""
    except_for: list[str] = []
    if report.observation is not None and report.there is not None:
        if silent := sorted(report.observation.unknown):
            except_for.append(f"traffic of resources in {', '.join(silent)}, which was not read")
        if hosts := report.there.rule_sets.unknown_hosts:
            except_for.append(f"traffic of {', '.join(hosts)}, whose firewall or address is not known")
        if report.there.rule_sets.foreign_rules or report.observation.foreign:
            except_for.append("traffic of foreign resources")
    return ASSURANCES["dropped"].format(exceptions=f", except {_and(except_for)}" if except_for else "")


def _what(plan: Plan) -> str:
    """Return the scope, or the part of it that the options select."""
    options = plan.options
    chosen = [*sorted(options.only), *sorted(options.addresses or ())]
    return f"{', '.join(chosen)} of {plan.scope}" if chosen else str(plan.scope)


def _is_chosen(plan: Plan, address: Address) -> bool:
    """Return whether the options select a resource: all are selected unless the options name some."""
    only, addresses = plan.options.only, plan.options.addresses
    if only and plan.placed.roles.get(address) not in only:
        return False
    return addresses is None or address in addresses


def _data_kept(plan: Plan) -> list[str]:
    """Return the resources that are kept, apart those that are declared and do not match the declaration."""
    undeclared = [change for change in plan.kept if change.after is None]
    differing = [change for change in plan.kept if change.after is not None]
    parts = []
    for some, mark in (
        (undeclared, ""),
        (differing, ", which differs," if len(differing) == 1 else ", which differ,"),
    ):
        kinds = Counter(change.address.kind for change in some)
        kept = _and([count(number, kind) for kind, number in kinds.items()])
        hold = "it holds" if len(some) == 1 else "they hold"
        parts += [f"{kept}{mark} kept for the data {hold}"] if kept else []
    return parts


def _not_looked_at(plan: Plan) -> list[str]:
    """Return the resources that a plan leaves unchanged, as it did not read them or their owner differs."""
    doubles = len(plan.observation.unexplained)
    found = [f"{count(doubles, 'resource')} with the owner of another"] if doubles else []
    silent = _not_read(plan)
    return found + (
        [f"resources in {silent}, which was not read, and in what waits for it"] if silent else []
    )


def _waits(plan: Plan) -> str:
    """Return the sentence for zones that were not read; empty: all were. Others may wait for them."""
    silent = _not_read(plan)
    if not silent:
        return ""
    return f"Resources in {silent}, which was not read, are left, and so are those that wait for it."


def _not_read(plan: Plan) -> str:
    return ", ".join(sorted(plan.observation.unknown | plan.options.without_zones))


def _creation_settings_differ(plan: Plan) -> list[str]:
    rules = {finding.rule for finding in plan.findings}
    return ["the creation settings of hosts"] if BORN_OTHERWISE in rules else []


def _list_ignoring_roles(plan: Plan) -> list[str]:
    """Return the roles that ignore a difference."""
    subjects = [finding.subject for finding in plan.findings if finding.rule == IGNORED]
    roles = [subject.split(".")[1] for subject in subjects]
    verb = "ignores" if len(roles) == 1 else "ignore"
    return [f"differences that {', '.join(roles)} {verb}"] if roles else []


def _creation_settings_unknown(plan: Plan) -> list[str]:
    """Return the number of hosts whose creation settings are not known.

    Their provider, or the version of portinfra that created them, did not record these.
    """
    hosts = [
        address
        for address, seen in plan.observation.of(Instance).items()
        if address in plan.placed.resources and not seen.spec.birth and _is_chosen(plan, address)
    ]
    return [f"the creation settings of {count(len(hosts), 'host')}, which are not known"] if hosts else []


def _other_zones(plan: Plan) -> list[str]:
    after = resources_after(plan.wanted, plan.observation, plan.changes)
    found = [each for each in find_elsewhere(plan.placed, after) if _is_chosen(plan, each.host)]
    parts = {
        "the zones of": [each for each in found if not each.volumes],
        "the zones and addresses of": [each for each in found if each.volumes],
    }
    return [f"{what} {count(len(hosts), 'host')}" for what, hosts in parts.items() if hosts]


def _hosts_missing(plan: Plan) -> list[str]:
    """Return the number of missing hosts of a fenced environment; empty where zones were not read."""
    missing = len(missing_hosts(plan)) if _is_fenced(plan) and not plan.observation.unknown else 0
    return [f"{count(missing, 'host')} that {'does' if missing == 1 else 'do'} not exist"] if missing else []


def _still_running(plan: Plan) -> list[str]:
    """Return the hosts of a fenced environment that still run: their stop waits for an unread zone."""
    only = plan.options.only
    running = [
        address.name
        for address, seen in plan.observation.of(Instance).items()
        if seen.spec.power == "running" and (not only or role_of(plan.placed, address) in only)
    ]
    if not running or not _is_fenced(plan):
        return []
    verb = "runs" if len(running) == 1 else "run"
    return [f"{count(len(running), 'host')} that still {verb} ({join_runs(running)})"]


def _not_in_force(plan: Plan) -> list[str]:
    """Return what no read shows. An apply puts it in force before it reports that all is as declared."""
    rules = plan.observation.of(FirewallRules)
    if not plan.observation.reads_definitions or not rules:
        return []
    renew = command("apply", plan.scope.environment)
    return [f"which firewall rules are in force, as a read shows definitions only ({renew} renews them)"]


def _is_fenced(plan: Plan) -> bool:
    return plan.fenced and not plan.standby


def _closed_lines(plan: Plan) -> list[str]:
    return ["flows from the internet, which stay closed for a standby"] if plan.standby else []


def missing_hosts(plan: Plan) -> list[str]:
    """Return the declared hosts that do not exist. No apply of a fenced environment creates them."""
    only = plan.options.only
    chosen = (role for role in plan.placed.topology.roles if not only or role.name in only)
    roles = [role_in(role, plan.placed.environment) for role in chosen]
    there = {address.name for address in plan.observation.of(Instance)}
    return [name for role in roles for name in host_names(role) if name not in there]


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" and {parts[-1]}" if parts else ""
