"""The program by which a host gets its certificate from the host that signs, and renews it.

The profile of the host that signs selects the program: one speaks EST (RFC 7030), and needs openssl and curl;
the other calls Puppet's agent. systemd starts it once an hour, and until it succeeds.
"""

import base64
import hashlib
from collections.abc import Iterator

from portinfra.hosts.haproxy import TLS
from portinfra.model.host_file import HostFile
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.model.topology import ENROLMENT_PORT, ENROLMENT_PROFILES, Profile

SCRIPT = "/usr/local/sbin/portinfra-enrol"
UNIT = "/etc/systemd/system/portinfra-enrol.service"
TIMER = "/etc/systemd/system/portinfra-enrol.timer"
TOKEN = "/etc/portinfra/enrolment-token"
PROFILE: Profile = "est-server"

_RANDOM = b"".join(hashlib.sha512(bytes([each])).digest() for each in range(3))

STAND_IN = base64.urlsafe_b64encode(_RANDOM).decode()[:255]
"""The text that a token replaces. No token is longer or harder to compress: the size of user data follows
from it.
"""

START = """\
if command -v systemctl > /dev/null; then
  systemctl --quiet enable portinfra-enrol.timer
  systemctl --no-block start portinfra-enrol.timer portinfra-enrol.service
fi
"""
"""Shell that starts the program at the first boot. It waits for the network."""

_RENEWAL_SECONDS = 10 * 24 * 3600
"""A certificate is valid for 30 days. It is renewed when a third of them is left."""

_UNIT = f"""\
# portinfra renders this file. Changes by hand are overwritten.
[Unit]
Description=Certificate of this host
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={SCRIPT}
Restart=on-failure
RestartSec=15s
"""

_TIMER = """\
# portinfra renders this file. Changes by hand are overwritten.
[Unit]
Description=Renewal of the certificate of this host

[Timer]
OnBootSec=1min
OnUnitInactiveSec=1h
RandomizedDelaySec=10min

[Install]
WantedBy=timers.target
"""

_SCRIPT = """\
#!/bin/sh
# portinfra renders this file. It gets the certificate of this host by its token, and renews it later.
# No token is an argument of a program: others could read it there.
set -eu
umask 077
cd @TLS@
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ask() {
  path=$1
  shift
  curl -sS --fail-with-body --max-time 30 --cacert ca.pem --resolve @SERVER@:@PORT@:@ADDRESS@ \\
    -o "$work/answer" "$@" "https://@SERVER@:@PORT@/$path" && return
  echo "{name}: @SERVER@ refuses $path: $(head -c 300 "$work/answer" 2> /dev/null)" >&2
  return 1
}
request() {
  openssl req -new -key host.pem.key -config "$work/request" -outform DER | openssl base64 > "$work/body"
  path=.well-known/est/{name}/$1
  shift
  ask "$path" -H 'Content-Type: application/pkcs10' --data-binary "@$work/body" "$@"
  tr -d '\\r\\n' < "$work/answer" | openssl base64 -d -A | openssl pkcs7 -inform DER -print_certs |
    openssl x509 -out host.pem.new
  openssl verify -CAfile ca.pem -verify_hostname {name} host.pem.new > /dev/null
  [ "$(openssl x509 -in host.pem.new -noout -pubkey)" = "$(openssl pkey -in host.pem.key -pubout)" ]
  mv host.pem.new host.pem
}
subject='[req]\\nprompt=no\\ndistinguished_name=d\\n'
before=$(cat host.pem crl.serials 2> /dev/null || true)
if [ ! -s host.pem ]; then
  if [ ! -s @TOKEN@ ]; then
    echo "{name}: this host has neither a certificate nor a token: replace it" >&2
    exit 1
  fi
  if [ ! -s host.pem.key ]; then
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out host.pem.key.new 2> /dev/null
    mv host.pem.key.new host.pem.key
  fi
  {
    printf "${subject}attributes=a\\n[d]\\nCN={name}\\n[a]\\nchallengePassword="
    cat @TOKEN@
  } > "$work/request"
  request simpleenroll
elif ! openssl x509 -in host.pem -noout -checkend @RENEWAL@ > /dev/null; then
  printf "${subject}[d]\\nCN={name}\\n" > "$work/request"
  request simplereenroll --cert host.pem --key host.pem.key
fi
rm -f @TOKEN@
ask crl.pem
openssl crl -in "$work/answer" -CAfile ca.pem -noout 2> "$work/verified"
grep -q 'verify OK' "$work/verified"
openssl crl -in "$work/answer" -noout -text | grep 'Serial Number' > "$work/serials" || true
mv "$work/serials" crl.serials
mv "$work/answer" crl.pem
if [ "$before" != "$(cat host.pem crl.serials)" ] && command -v systemctl > /dev/null; then
  systemctl --no-block try-reload-or-restart haproxy
fi
"""


def find_signer(placed: Placed) -> Instance | None:
    """Return the host that signs the certificates of all others; None: certificates come from elsewhere."""
    topology, environment = placed.topology, placed.environment
    if not (topology.delivery and environment.trust):
        return None
    roles = {role.name for role in topology.roles if role.profile in ENROLMENT_PROFILES}
    return next(
        (
            spec
            for spec in placed.resources.values()
            if isinstance(spec, Instance) and placed.roles[spec.address] in roles
        ),
        None,
    )


def profile_of(placed: Placed, signer: Instance) -> Profile:
    """Return the profile of the host that signs."""
    return placed.topology.role(placed.roles[signer.address]).profile


def enrolment_files(placed: Placed, signer: Instance) -> Iterator[HostFile]:
    """Yield the program, its unit and its timer, with `{name}` for a host's own name."""
    from portinfra.hosts import puppet_enrolment  # few plans need it

    is_puppet = profile_of(placed, signer) == "puppet-server"
    text = puppet_enrolment.SCRIPT if is_puppet else _SCRIPT
    start = puppet_enrolment.START if placed.topology.delivery == "puppet" else ""
    values = {"SERVER": signer.name, "ADDRESS": signer.private_address, "PORT": str(ENROLMENT_PORT)}
    own = {"TLS": TLS, "TOKEN": TOKEN, "RENEWAL": str(_RENEWAL_SECONDS), "START": start}
    for name, value in {**values, **own}.items():
        text = text.replace(f"@{name}@", value)
    yield HostFile(SCRIPT, text, mode=0o755, check="sh -n %")
    yield HostFile(UNIT, _UNIT, reload="systemctl daemon-reload")
    yield HostFile(TIMER, _TIMER, reload="systemctl daemon-reload")


def first_boot(authority: str) -> str:
    """Return shell that writes the certificate of the authority and `STAND_IN`, readable by root only.

    A host that has its certificate keeps it, and needs no token.
    """
    return f"""\
mkdir -p {TLS}
write 644 {TLS}/ca.pem <<'END'
{authority.strip()}
END
if [ ! -s {TLS}/host.pem ]; then (
umask 077
write 600 {TOKEN} <<'END'
{STAND_IN}
END
) fi
"""
