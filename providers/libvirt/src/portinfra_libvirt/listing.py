"""Why a disk that no pool lists is absent, or unknown."""

import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from attrs import frozen


@frozen
class Unlisted:
    """The reason why a file is unknown: no pool lists its directory."""

    reason: str
    fix: str
    definable: bool = False
    """Whether portinfra may define or start the pool so that it lists the file. If not, a person must."""


def explain_unlisted(pool: Mapping[str, str], path: str, at: str) -> Unlisted | None:
    """Return why a file that a pool does not list is unknown; None if the file is absent.

    A file is absent only if an active pool lists its directory. `pool` has the keys `name`, `state`
    (`active`, `inactive` or `undefined`) and `directory`; `at` names the hypervisor.
    """
    name, state, directory = pool["name"], pool["state"], str(PurePosixPath(path).parent)
    start = f"virsh pool-start {name}"
    target = shlex.quote(directory)
    define = f"virsh pool-define-as {name} dir --target {target} && {start} && virsh pool-autostart {name}"
    if state == "undefined":
        problem, fix = "is not defined", f"Define it again with: {define}"
    elif str(PurePosixPath(pool["directory"])) != directory:
        problem = f"lists {pool['directory']} instead of {directory}"
        fix = f"Define it again with: virsh pool-destroy {name}; virsh pool-undefine {name}; {define}"
    elif state == "inactive":
        problem, fix = "is not active", f"Mount its directory if needed, then start it again with: {start}"
    else:
        return None
    again = {
        "is not defined": ", until apply defines it again",
        "is not active": ", until apply starts it again",
    }
    reason = (
        f"the pool {name} of {at} {problem}: the files in {directory} are unknown{again.get(problem, '')}"
    )
    return Unlisted(reason, fix, definable=problem in again)
