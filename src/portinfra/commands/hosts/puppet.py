"""`hosts puppet`: a control repository for Puppet with the files of hosts."""

from portinfra.commands.hosts.repository_command import Into, write_selected
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def puppet(session: Session, target: Target, shown: OutputOptions, into: Into) -> int:
    """Write a control repository for Puppet, or bring one up to date. It keeps what you wrote there. Makes no
    API call.
    """
    from portinfra.hosts.delivery.puppet import control_repository

    return write_selected(session, target, shown, into, control_repository)
