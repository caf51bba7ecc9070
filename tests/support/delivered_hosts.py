"""A host of a fabric with a file system of its own below /etc, /run and /usr/local/sbin, as a real host has.

So tools deliver to the real paths. systemd is replaced by a script with the commands of two units.
"""

import os
import subprocess
from pathlib import Path

from portinfra.hosts import haproxy, nftables, systemd
from portinfra.hosts.boot_script import boot_script
from portinfra.testing.fabric import wait_until

PROGRAMS = ("nsenter", "setpriv", "unshare")

SETUP = """\
set -eu
cp -a /etc/. etc
mount --bind etc /etc
mount --bind sbin /usr/local/sbin
mount --bind var /var/cache
mount --bind run /run
mkdir -p /run/haproxy
exec sleep infinity
"""

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


class DeliveredHost:
    """A host with the files of its first boot and its firewall, until its `with` block ends."""

    def __init__(self, fabric, name, files, folder):
        self.name, self.folder = name, folder
        for path in ("etc", "run", "sbin", "var"):
            (folder / path).mkdir(parents=True)
        with fabric.inside(name):
            unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *unshare, "sh", "-c", SETUP], cwd=folder
            )
        wait_until((folder / "run" / "haproxy").exists)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self._init = children.read_text().split()[0]
        (folder / "sbin" / "systemctl").write_text(SYSTEMCTL)
        (folder / "sbin" / "systemctl").chmod(0o755)
        fabric.authority.write(folder / "etc" / "portinfra" / "tls", name)
        self.run("sh", "-s", text=boot_script(files, len, 10**6).text)

    def start_proxy(self):
        """Start HAProxy with the file of the host."""
        self.run("haproxy", "-W", "-D", "-f", haproxy.PATH, "-p", "/run/haproxy.pid")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    def run(self, *command, text=""):
        """Run a program on the host. Return its output; raise RuntimeError if it fails."""
        done = self.attempt(*command, text=text)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} fails: {done.stdout}")
        return done.stdout

    def attempt(self, *command, text="", folder=None):
        """Run a program on the host. Return its exit code and its output."""
        inside = ["nsenter", "--target", self._init, "--mount", "--pid", "--net", "--"]
        here = [f"--wd={folder}"] if folder else []
        return subprocess.run(
            [*inside[:-1], *here, "--", *command],
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            env={**os.environ, "PATH": f"/usr/local/sbin:{os.environ['PATH']}:/usr/sbin:/sbin"},
        )

    def read(self, path):
        """Return a file below /etc of the host."""
        return (self.folder / path.lstrip("/")).read_text(encoding="utf-8")

    def reloads(self):
        """Return what was reloaded since the last call, in order."""
        log = self.folder / "run" / "systemctl.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines
