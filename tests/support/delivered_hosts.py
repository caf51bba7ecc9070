"""A host of a fabric to whose real paths tools deliver. Its systemctl has the commands of two units."""

from typing import ClassVar

from isolated_hosts import IsolatedHost

from portinfra.hosts import haproxy, nftables, systemd
from portinfra.hosts.boot_script import boot_script

SYSTEMCTL = f"""\
#!/bin/sh
echo "$*" >> /run/systemctl.log
case "$*" in
"reload nftables") exec nft -f {nftables.PATH} ;;
"reload haproxy")
  haproxy -c -q -f {haproxy.PATH} || exit 1
  {systemd.SCRIPT} || true
  kill -USR2 "$(cat /run/haproxy.pid)" ;;
daemon-reload) ;;
*) exit 5 ;;
esac
"""


class DeliveredHost(IsolatedHost):
    """A host with the files of its first boot and its firewall, until its `with` block ends."""

    folders: ClassVar = {"etc": "/etc", "run": "/run", "sbin": "/usr/local/sbin", "var": "/var/cache"}
    systemctl = SYSTEMCTL

    def __init__(self, fabric, name, files, folder):
        super().__init__(fabric, name, folder)
        fabric.authority.write(folder / "etc" / "portinfra" / "tls", name)
        self.run("sh", "-s", text=boot_script(files, len, 10**6).text)
