"""The trust directory of the environment that the options select."""

from portinfra.commands.options import Target
from portinfra.commands.selection import Selection, select
from portinfra.commands.session import Session
from portinfra.errors import PortinfraError
from portinfra.trust.directory import Directory, open_directory


def select_directory(session: Session, target: Target) -> Directory:
    """Return the directory. Raises PortinfraError for an environment without trust."""
    return directory_of(select(session, target))


def directory_of(selection: Selection) -> Directory:
    """Return the directory of a selected environment. Raises PortinfraError for one without trust."""
    environment = selection.environment
    if not environment.trust:
        where = environment.location.write("trust", f'"trust/{environment.name}"')
        raise PortinfraError(
            f"the environment {environment.name} has no trust directory",
            fix=f"Write {where} in the environment.",
        )
    return open_directory(environment.trust, environment.credentials, selection.scope)
