"""haproxy.cfg of a host: a port of 127.0.0.1 for each service it calls, a TLS port for each it offers.

The comment beside each setting has its measured reason. https://docs.haproxy.org/2.6/configuration.html
"""

from collections.abc import Iterator

from portinfra.hosts.upstreams import Server, Upstreams
from portinfra.model.host_file import HostFile
from portinfra.model.service import Service

PATH = "/etc/haproxy/haproxy.cfg"
SOCKET = "/run/haproxy/admin.sock"
STATE = "/run/haproxy/state"
TLS = "/etc/portinfra/tls"
"""The folder of `host.pem`, `host.pem.key`, `ca.pem` and `crl.pem`. Another program writes them."""

_VANISHED = "tcp-ut 3s"
"""A connection ends when data stays unacknowledged for this time.

After a reload, the old worker checks no servers, so nothing else ends its connections to a vanished host.
`default-server` of HAProxy 2.6 ignores this option.
"""
_LEAVE = "on-marked-down shutdown-sessions"
"""It ends kept connections to an application that is marked as down.

It also ends new connections to it, which would otherwise wait for another server. So clients have it only if
no HAProxy beside the application does that: with `tls` of `app` or `none`. Then a new connection that waits
when the check fails is lost.
"""
_CERTIFICATES = f"crt {TLS}/host.pem ca-file {TLS}/ca.pem verify required"
_FEW_CLIENTS = 50
"""The most clients that check a server once a second. With more, each checks it less often."""

_HEAD = f"""\
# portinfra renders this file. Changes by hand are overwritten.
global
    log stdout format raw local0 info
    user haproxy
    group haproxy
    stats socket {SOCKET} mode 600 level admin expose-fd listeners
    stats timeout 30s
    maxconn 4000
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    ssl-default-server-options ssl-min-ver TLSv1.2
    ssl-server-verify required
    server-state-file {STATE}
    # A reload leaves the old process to its kept connections. They would keep it for ever.
    hard-stop-after 1h
    # Without it, all clients that start together check at the same moment.
    spread-checks 10

defaults
    log global
    mode tcp
    option tcplog
    # A new connection that finds its server dead goes to another one. Five tries take longer than it takes to
    # find out that the last host of a zone has vanished (3.3 s): the fifth one goes to another zone.
    option redispatch 1
    retries 4
    timeout connect 1s
    # Kept connections live for long; waiting ends soon.
    timeout client 1h
    timeout server 1h
    timeout check 1s
    timeout queue 5s
    # An idle connection to a host that vanished ends within 5 s.
    option tcpka
    clitcpka-idle 2s
    clitcpka-intvl 1s
    clitcpka-cnt 3
    srvtcpka-idle 2s
    srvtcpka-intvl 1s
    srvtcpka-cnt 3
    # A drained server stays drained through a reload.
    load-server-state-from-file global
    # A dead server is found within 2 s. Kept connections return to the own zone.
    default-server inter 1s fastinter 250ms downinter 1s fall 2 rise 2 on-marked-up shutdown-backup-sessions
    # A connection that fails starts a check at once: with many clients, the next one may be a minute away.
    default-server observe layer4 error-limit 1 on-error sudden-death
"""


def haproxy_file(
    upstreams: Upstreams, role: str, zone: int, offers: tuple[Service, ...], *, revocations: bool = False
) -> HostFile | None:
    """Return the file of the hosts of a role in a zone, with `{address}` for a host's own address.

    With `revocations`, HAProxy refuses the certificates that `crl.pem` lists. None: the hosts neither call a
    service nor terminate TLS for one.
    """
    listened = [service for service in offers if service.tls == "proxy"]
    if not upstreams.calls[role] and not listened:
        return None
    lines = [_HEAD]
    for service in upstreams.calls[role]:
        lines += [*_upstream(service, upstreams.servers(service, zone), upstreams.count_clients(service)), ""]
    for service in listened:
        lines += [*_listener(service, upstreams.admitted[service.name]), ""]
    check, text = "haproxy -c -q -f %", "\n".join(lines)
    if revocations:
        text = text.replace(_CERTIFICATES, f"{_CERTIFICATES} crl-file {TLS}/crl.pem")
    return HostFile(PATH, text, check=check, reload="systemctl reload haproxy")


def _upstream(service: Service, servers: list[Server], clients: int) -> Iterator[str]:
    yield f"listen {service.name}"
    yield f"    bind 127.0.0.1:{service.local_port}"
    yield f"    balance {service.balance}"
    # Without it, the first server of another zone gets every request.
    yield "    option allbackups"
    if clients > _FEW_CLIENTS:
        seconds = -(-clients // _FEW_CLIENTS)
        yield f"    default-server inter {seconds}s downinter {seconds}s"
    checked = service.health and service.tls != "proxy"
    if checked:
        yield f"    option httpchk GET {service.health}"
    if service.tls != "proxy":
        yield f"    default-server {_LEAVE}"
    for server in servers:
        words = [f"    server {server.name} {server.address}:{service.tcp} check {_VANISHED}"]
        if service.tls == "proxy":
            words.append(f"ssl {_CERTIFICATES} verifyhost {server.name} sni str({server.name})")
        elif service.tls == "app" and checked:
            words.append(f"check-ssl {_CERTIFICATES} verifyhost {server.name} check-sni {server.name}")
        yield " ".join([*words, "backup"] if server.is_backup else words)


def _listener(service: Service, admitted: tuple[str, ...]) -> Iterator[str]:
    # No service has a dot in its name, so no service that the host calls has the name of such a section.
    yield f"frontend {service.name}.listener"
    yield f"    bind {{address}}:{service.tcp} ssl {_CERTIFICATES} {_VANISHED}"
    # A listener accepts while its application is dead: its clients would not see it.
    yield f"    tcp-request connection reject if {{ nbsrv({service.name}.app) lt 1 }}"
    # A role's name does not end in a digit, so the name of a host shows its role.
    known = f" unless {{ ssl_c_s_dn(CN) -m reg ^({'|'.join(admitted)})[1-9][0-9]*$ }}" if admitted else ""
    yield f"    tcp-request content reject{known}"
    yield f"    default_backend {service.name}.app"
    yield f"backend {service.name}.app"
    if service.health:
        yield f"    option httpchk GET {service.health}"
    elsewhere = service.port_of_health != service.port_of_app
    port = f" port {service.port_of_health}" if elsewhere else ""
    yield f"    server app 127.0.0.1:{service.port_of_app} check{port} inter 500ms fall 1 rise 1 {_LEAVE}"
