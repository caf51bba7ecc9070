"""The two doors to the command line: the program `portinfra`, and `cli(…)` at the end of a script."""

import shlex
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from portinfra.declaration.declared import Declared, declaration_error, duplicates
from portinfra.model.environment import Environment
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.present.commands.app import app
from portinfra.present.commands.session import Session, run_guarded

if TYPE_CHECKING:
    from portinfra.policy import PolicyRule


def main() -> NoReturn:
    """The program `portinfra`. Ends the process."""
    _run(Session("portinfra", tuple(sys.argv[1:])))


def cli(
    *topologies: Topology,
    environments: Iterable[Environment] = (),
    recovery: Iterable[RecoveryPlan] = (),
    rules: "Iterable[PolicyRule]" = (),
) -> NoReturn:
    """Make a script a command line of its own: `cli(payments, environments=[production])`.

    It has the same commands as `portinfra`, without `-f` and `--var`: the script is the declaration. `rules`
    are held to beside the built-in ones. Ends the process.
    """
    arguments = tuple(sys.argv[1:])
    declared = Declared(topologies, tuple(environments), tuple(recovery))
    session = Session(f"python {shlex.quote(sys.argv[0])}", arguments, declared, tuple(rules))
    if findings := duplicates(declared):

        def refuse() -> int:
            raise declaration_error(findings)

        sys.exit(run_guarded(refuse, session, as_json="--json" in arguments))
    _run(session)


def _run(session: Session) -> NoReturn:
    app(session)(args=list(session.arguments), prog_name=session.program)
    sys.exit(0)
