"""Additions to HAProxy's unit in Debian 12: it waits for certificates, and keeps the state of servers."""

from portinfra.hosts.haproxy import PATH as CONFIGURATION
from portinfra.hosts.haproxy import SOCKET, STATE
from portinfra.model.host_file import HostFile

UNIT = "/etc/systemd/system/haproxy.service.d/portinfra.conf"
SCRIPT = "/usr/local/sbin/portinfra-haproxy-state"

_UNIT = f"""\
# portinfra renders this file. Changes by hand are overwritten.
[Unit]
# Without certificates HAProxy does not start. systemd tries again until another program has put them there.
StartLimitIntervalSec=0

[Service]
RestartSec=2s
ExecReload=
ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c -q $EXTRAOPTS
ExecReload=-{SCRIPT}
ExecReload=/bin/kill -USR2 $MAINPID
"""

_SCRIPT = f"""\
#!/bin/sh
# portinfra renders this file. It saves the state of HAProxy's servers before a reload: a drained server stays
# drained. A server whose address or port changed is left out: the state would bring the old one back.
set -eu
umask 077
echo "show servers state" | socat - UNIX-CONNECT:{SOCKET} | awk '
  NR == FNR {{
    if ($1 == "listen" || $1 == "backend") section = $2
    if ($1 == "server") now[section, $2, $3]
    next
  }}
  $1 !~ /^[0-9]+$/ || NF < 19 || ($2, $4, $5 ":" $19) in now
' {CONFIGURATION} - > {STATE}.new
mv {STATE}.new {STATE}
"""


def systemd_files() -> tuple[HostFile, ...]:
    """Return the files of each host that has a haproxy.cfg."""
    return (
        HostFile(SCRIPT, _SCRIPT, mode=0o755, check="sh -n %"),
        HostFile(UNIT, _UNIT, reload="systemctl daemon-reload"),
    )
