"""`hosts ansible`: a repository for Ansible with the files of hosts."""

from portinfra.commands.hosts.repository_command import Into, write_selected
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def ansible(session: Session, target: Target, shown: OutputOptions, into: Into) -> int:
    """Write a repository for Ansible, or bring one up to date. It has an inventory, roles and a playbook, and
    keeps what you wrote there. Makes no API call.
    """
    from portinfra.hosts.delivery.ansible import playbook_repository

    return write_selected(session, target, shown, into, playbook_repository)
