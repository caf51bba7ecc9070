"""The end of a takeover, after its last wave: hosts in no wave start, and names lead to the active end."""

from portinfra.command_text import command
from portinfra.errors import ApplyError, FindingsError, Unavailable, UserCodeError
from portinfra.hooks.dns import call_dns
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.fencing import switch


def start_roles_left_behind(recovery: Recovery, bring_up: BringUp) -> None:
    """Start the existing hosts of roles in no wave: the fence of an earlier takeover stopped them."""
    context = bring_up.context
    try:
        switch(context.run, context.placed, context.catalogue, "running", context.listen)
    except (ApplyError, FindingsError, Unavailable) as error:
        start = command("apply", recovery.target.name)
        bring_up.reasons.append(f"not every host runs ({error.first_line}): {start} starts the others")


def announce(recovery: Recovery, bring_up: BringUp) -> bool:
    """Call the hook that changes names, with the hosts as they are now; return whether it passed."""
    context = bring_up.context
    if not recovery.target.dns:
        return True
    there = context.run.reader.observe(context.placed.scope)
    try:
        with context.run.keep_lease():
            call_dns(recovery.target, there)
    except UserCodeError as error:  # the hosts are up in any case
        why = error.first_line
        bring_up.reasons.append(f"the names were not changed ({why}); run the same command to try again")
        return False
    return True
