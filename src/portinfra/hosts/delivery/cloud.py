"""The files that a host needs only because of its cloud. They are apart from all others (R9)."""

from collections.abc import Iterable

from portinfra.model.host_file import HostFile
from portinfra.model.platform_service import PlatformService

NTP = 123
_UNIT = "systemd-timesyncd"
_RESTART = f'sh -c "! systemctl --quiet is-active {_UNIT} || systemctl restart {_UNIT}"'
TIME = "/etc/systemd/timesyncd.conf.d/portinfra.conf"


def cloud_files(services: Iterable[PlatformService]) -> tuple[HostFile, ...]:
    """Return the files for these services of the cloud: the time server, as no other one can be reached.

    A host with another program for the time ignores the file.
    """
    servers = [each.address for each in services if (each.protocol, each.port) == ("udp", NTP)]
    if not servers:
        return ()
    text = f"[Time]\nNTP={' '.join(servers)}\n"
    return (HostFile(TIME, text, reload=_RESTART),)
