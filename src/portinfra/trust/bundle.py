"""The bundle: one shell script that an operator sends to the host that signs. It has the authority's key.

It may run again at any time. It keeps the record of used tokens, and begins a new one only if the trust
directory was reopened since: otherwise a lost record stays lost, and the programs sign nothing. It adds to
the revisions that are there, so a bundle of an old copy of the directory ends no revocation.
"""

import base64
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from portinfra.trust.authority import AUTHORITY_DAYS, Authority, kind_of, private_pem
from portinfra.trust.state import FOLDER

_BUNDLED = {name: f"{name}.bundle" for name in ("ca.pem", "opened", "revoked")}
"""Files that have another name before the end of the script."""

_HEAD = """\
#!/bin/sh
# portinfra writes this script. It has a private key: send it to the host that signs, and store it nowhere.
set -eu
umask 022
state=${STATE:-/var/lib/portinfra/trust}
root=${ROOT:-}
mkdir -p "$state" "$root/usr/local/lib/portinfra" "$root/usr/local/sbin" "$root/etc/systemd/system"
chmod 700 "$state"
umask 077
mkdir -p "$state/issued"
write() {
  base64 -d > "$2.new"
  chmod "$1" "$2.new"
  mv "$2.new" "$2"
}
"""

_UNPACK = """\
unpack='import lzma, sys; sys.stdout.buffer.write(lzma.decompress(sys.stdin.buffer.read()))'
program=$root/usr/local/lib/portinfra/trust.pyz
python3 -c "$unpack" < "$program.xz" > "$program.new"
chmod 644 "$program.new"
mv "$program.new" "$program"
"""

_TAIL = """\
(
cd "$state"
cmp -s ca.pem ca.pem.bundle || rm -f opened revoked # revisions of another authority mean nothing
mv ca.pem.bundle ca.pem
touch revoked
sort -u revoked revoked.bundle > revoked.new
mv revoked.new revoked
if [ "$(cat opened 2> /dev/null || echo 0)" -lt "$(cat opened.bundle)" ]; then
  mkdir -p used
  mv opened.bundle opened
elif [ ! -d used ]; then
  echo "the record of used tokens is lost, so nothing is signed until an operator reopens it" >&2
fi
rm -f opened.bundle revoked.bundle
)
"""

_POLICY = """\
#!/bin/sh
exec /usr/bin/python3 /usr/local/lib/portinfra/trust.pyz policy "$@"
"""

_UNIT = """\
# portinfra renders this file. Changes by hand are overwritten.
[Unit]
Description=EST server of portinfra: certificates of hosts
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/portinfra/trust.pyz --state /var/lib/portinfra/trust serve
User=portinfra-trust
Restart=always
RestartSec=2s
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ReadWritePaths=/var/lib/portinfra/trust
MemoryMax=256M
TasksMax=512

[Install]
WantedBy=multi-user.target
"""

_EST = """\
[ -z "$root" ] || exit 0
getent passwd portinfra-trust > /dev/null ||
  useradd --system --no-create-home --home-dir "$state" --shell /usr/sbin/nologin portinfra-trust
chown -R portinfra-trust: "$state"
if command -v systemctl > /dev/null; then
  systemctl daemon-reload
  systemctl --quiet enable portinfra-est
  systemctl --no-block restart portinfra-est
fi
"""

_RAISE_FOR_ANOTHER_AUTHORITY = """\
cadir=$state/puppet
if [ -e "$cadir/ca_crt.pem" ] && ! cmp -s "$state/ca.pem.bundle" "$cadir/ca_crt.pem"; then
  rm "$state/ca.pem.bundle"
  echo "$cadir has another authority than this bundle, so nothing was changed." >&2
  echo "Move the folder away to replace the authority, and send the bundle again." >&2
  exit 1
fi
"""

_PUPPET = """\
[ -z "$root" ] || exit 0
PATH=$PATH:/opt/puppetlabs/bin
if ! command -v puppetserver > /dev/null; then
  echo "Puppet Server is not installed here. Install it, and send the bundle again." >&2
  exit 1
fi
# All programs read Puppet's settings.
umask 022
settings=$(puppet config print allow_duplicate_certs autosign cadir certname server ssldir --section server)
ssldir=$(echo "$settings" | sed -n 's/^ssldir = //p')
changed=
have() {
  echo "$settings" | grep -qxF "$1 = $2" && return
  puppet config set "$1" "$2" --section "$3"
  changed=yes
}
service() {
  ! command -v systemctl > /dev/null || systemctl --quiet "$@"
}
name=$(cat "$state/name")
if [ "$name" ]; then
  have certname "$name" main
  have server "$name" main
fi
have cadir "$cadir" server
have autosign /usr/local/sbin/portinfra-policy server
have allow_duplicate_certs true server
if ! cmp -s "$state/ca.pem" "$ssldir/certs/ca.pem"; then
  # A server that ran before made an authority of its own. Its certificates mean nothing here.
  service stop puppetserver
  if [ -e "$ssldir/certs/ca.pem" ]; then
    before=$ssldir.$(date +%s)
    mkdir "$before"
    mv "$ssldir"/* "$before"
  fi
  changed=yes
fi
# Puppet Server keeps the key from now on. It imports an authority only once.
if [ ! -e "$cadir/ca_crt.pem" ]; then
  service stop puppetserver
  puppetserver ca import --cert-bundle "$state/ca.pem" --private-key "$state/ca.key" \\
    --crl-chain "$state/crl.pem"
  # No certificate repeats the number of one that the authority signed before its volume was lost.
  printf '%x\\n' "$(date +%s)" > "$cadir/serial"
  changed=yes
fi
rm -f "$state/ca.key"
/usr/bin/python3 /usr/local/lib/portinfra/trust.pyz --state "$state" revoke "$cadir"
chown -R puppet: "$state"
if [ "$changed" ]; then
  service enable puppetserver
  service restart puppetserver
fi
"""


def make_bundle(
    authority: Authority,
    public: Mapping[str, bytes],
    archive: bytes,
    now: datetime,
    *,
    signer: str = "",
    folder: str = str(FOLDER),
) -> str:
    """Return the script: the authority, public files by name, and the archive of programs.

    `folder` is the one for the files of the host that signs.

    `signer` is the name of the host that signs, which clients expect. Its hostname may be another one. Empty:
    its hostname.

    The variables STATE and ROOT of the shell name other folders; with ROOT it starts no program.
    """
    lines = [_HEAD]
    files = {
        "ca.pem": public["ca.pem"],
        **public,
        "name": f"{signer}\n".encode(),
        "ca.key": private_pem(authority.key),
    }
    if (kind := kind_of(authority.certificate)) == "puppet":
        files["crl.pem"] = authority.revoke((), now, AUTHORITY_DAYS).public_bytes(Encoding.PEM)
    for name, raw in files.items():
        lines.append(_write(0o600, f"$state/{_BUNDLED.get(name, name)}", raw))
        if (name, kind) == ("ca.pem", "puppet"):
            lines.append(_RAISE_FOR_ANOTHER_AUTHORITY)
    lines += [_write(0o644, "$root/usr/local/lib/portinfra/trust.pyz.xz", archive), _UNPACK]
    if kind == "puppet":
        lines += [_write(0o755, "$root/usr/local/sbin/portinfra-policy", _POLICY.encode()), _TAIL, _PUPPET]
    else:
        unit = "$root/etc/systemd/system/portinfra-est.service"
        lines += [_write(0o644, unit, _UNIT.replace(str(FOLDER), folder).encode()), _TAIL, _EST]
    return "".join(lines).replace(str(FOLDER), folder)


def _write(mode: int, path: str, raw: bytes) -> str:
    text = base64.encodebytes(raw).decode()
    return f"write {mode:o} \"{path}\" <<'END'\n{text}END\n"
