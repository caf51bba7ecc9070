"""A host of a fabric with folders of its own in place of some folders of this machine, as a real host has.

So tools read and write the real paths. A script that writes its arguments replaces systemd.
"""

import os
import subprocess
from pathlib import Path
from typing import ClassVar

from portinfra.hosts import haproxy
from portinfra.testing.fabric import wait_until

PROGRAMS = ("nsenter", "setpriv", "unshare")

SYSTEMCTL = """\
#!/bin/sh
echo "$*" >> /run/systemctl.log
"""


class IsolatedHost:
    """A host with its own folders, until its `with` block ends. It has a copy of /etc."""

    folders: ClassVar = {"etc": "/etc", "usr": "/usr/local", "run": "/run", "var": "/var"}
    """The folders of the host, by their names in the folder of the test."""
    systemctl = SYSTEMCTL

    def __init__(self, fabric, name, folder):
        self.name, self.folder = name, folder
        for each in self.folders:
            (folder / each).mkdir(parents=True)
        binds = [f"mount --bind {each} {path}" for each, path in self.folders.items()]
        setup = ["set -eu", "cp -a /etc/. etc", *binds, "mkdir -p /run/haproxy", "exec sleep infinity"]
        with fabric.inside(name):
            unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *unshare, "sh", "-c", "\n".join(setup)], cwd=folder
            )
        wait_until((folder / "run" / "haproxy").exists)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self._init = children.read_text().split()[0]
        programs = self._path("/usr/local/sbin")
        programs.mkdir(exist_ok=True)
        (programs / "systemctl").write_text(self.systemctl)
        (programs / "systemctl").chmod(0o755)

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
        return subprocess.run(
            self._inside(command, folder),
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            env=self._environment(),
        )

    def start(self, *command):
        """Start a program on the host. It writes into the file `log` of the host's folder."""
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                self._inside(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )

    def _inside(self, command, folder=None):
        inside = ["nsenter", "--target", self._init, "--mount", "--pid", "--net"]
        return [*inside, *([f"--wd={folder}"] if folder else []), "--", *command]

    def _environment(self):
        return {**os.environ, "PATH": f"/usr/local/sbin:{os.environ['PATH']}:/usr/sbin:/sbin"}

    def read(self, path):
        """Return a file of the host."""
        return self._path(path).read_text(encoding="utf-8")

    def _path(self, path):
        """Return where a file of the host lies on this machine."""
        own, there = next(each for each in self.folders.items() if f"{path}/".startswith(f"{each[1]}/"))
        return self.folder / own / path.removeprefix(there).lstrip("/")

    def reloads(self):
        """Return the commands of systemctl since the last call, in order."""
        log = self.folder / "run" / "systemctl.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines
