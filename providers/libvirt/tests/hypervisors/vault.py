"""A vault that guests of several hypervisors can reach: a real OpenSSH server at one address in each
namespace, and on this machine, over one directory. The sender's key may add and read, the receiver's may
remove, too.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from hypervisors.hypervisor import Hypervisor
from hypervisors.site import BRIDGE
from portinfra import Vault

PACKAGES = ("openssh-server", "openssh-client", "age", "rclone", "restic", "zstd")
ADDRESS = f"198.51.100.{os.getpid() % 250 + 2}"
"""Each process that tests has one of its own."""
PORT = 2222
CIDR = "192.168.240.0/20"
GATEWAY = "192.168.255.254/20"

MAY_ADD = "internal-sftp -P remove,rmdir,rename,posix-rename,hardlink,symlink"
MAY_ALL = "internal-sftp"

_SSHD = """\
ListenAddress {address}
Port {port}
HostKey {directory}/host
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
PidFile {directory}/pid-{name}
"""

_RCLONE = """\
[vault]
type = sftp
host = {address}
port = {port}
user = root
key_pem = {key}
shell_type = none
md5sum_command = none
sha1sum_command = none
disable_hashcheck = true
set_modtime = false
"""


@contextmanager
def vault(directory: Path, hypervisors: list[Hypervisor], **more: Any) -> Iterator[Vault]:
    """It, while it lasts; its files lie in `store`."""
    (directory / "store").mkdir(parents=True)
    for key in ("host", "sender", "receiver"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / key))
    keys = {"sender": MAY_ADD, "receiver": MAY_ALL}
    (directory / "authorized_keys").write_text(
        "".join(
            f'restrict,command="{command}" {(directory / f"{key}.pub").read_text()}'
            for key, command in keys.items()
        )
    )
    for key in keys:
        pem = (directory / key).read_text().replace("\n", "\\n")
        (directory / f"{key}.conf").write_text(_RCLONE.format(address=ADDRESS, port=PORT, key=pem))
    made = _run("age-keygen", "-o", str(directory / "identity"))
    (directory / "password").write_text("open sesame\n")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_served(directory, "here", []))
        for number, each in enumerate(hypervisors):
            each.run("ip", "address", "add", GATEWAY, "dev", BRIDGE)
            stack.enter_context(_served(directory, str(number), each.inside()))
        host_key = " ".join((directory / "host.pub").read_text().split()[:2])
        yield Vault(
            f"vault:{directory}/store",
            f"{ADDRESS}:{PORT}",
            sender=str(directory / "sender.conf"),
            receiver=str(directory / "receiver.conf"),
            recipient=made.split()[-1],
            identity=str(directory / "identity"),
            password=str(directory / "password"),
            host_key=f"[{ADDRESS}]:{PORT} {host_key}",
            cidr=CIDR,
            **more,
        )


@contextmanager
def _served(directory: Path, name: str, inside: list[str]) -> Iterator[None]:
    """The server, in a namespace or (with none) on this machine's loopback."""
    settings = directory / f"sshd-{name}.conf"
    settings.write_text(_SSHD.format(address=ADDRESS, port=PORT, directory=directory, name=name))
    _run(*inside, "ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    server = subprocess.Popen(
        [*inside, "/usr/sbin/sshd", "-D", "-e", "-f", str(settings)],
        stdin=subprocess.DEVNULL,
        stderr=(directory / f"sshd-{name}.log").open("wb"),
    )
    try:
        give_up = time.monotonic() + 20
        while not (directory / f"pid-{name}").exists():
            log = (directory / f"sshd-{name}.log").read_text()
            assert server.poll() is None, log
            assert time.monotonic() < give_up, log
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()
        _run(*inside, "ip", "address", "delete", f"{ADDRESS}/32", "dev", "lo")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout + done.stderr
