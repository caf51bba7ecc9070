"""The trust directory of a selected environment."""

from portinfra.commands.selection import Selection
from portinfra.errors import PortinfraError
from portinfra.trust.directory import Directory, open_directory


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
