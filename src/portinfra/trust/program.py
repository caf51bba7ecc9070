"""The programs of the host that signs, in one file.

`trust.pyz policy CERTNAME` and `trust.pyz revoke CADIR` belong to Puppet Server, `trust.pyz serve` is EST.
"""

import argparse
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from portinfra.enrolment_port import ENROLMENT_PORT
from portinfra.trust.errors import Refusal, TrustError
from portinfra.trust.est_server import EstServer
from portinfra.trust.log import log
from portinfra.trust.signer import open_signer
from portinfra.trust.state import FOLDER, State

INPUT_MAX = 65_536
"""The most bytes of a request on standard input."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a program, and return its exit code: 0 signs, 1 refuses or fails."""
    given = _parser().parse_args(arguments)
    state = State(given.state)
    try:
        if given.program == "policy":
            return _decide(given.certname, state, given.puppet_conf)
        if given.program == "revoke":
            return _revoke(state, given.cadir)
        name = given.name or state.read_name() or socket.gethostname()
        return _serve(state, name, given.address, given.port)
    except TrustError as error:
        log(f"{error}. {error.fix}")
    except OSError as error:
        log(f"{error.filename or 'the system'}: {error.strerror or error}")
    except ValueError as error:
        log(f"a file in {state.folder} is wrong: {error}. Copy the bundle to this host again.")
    return 1


def _decide(name: str, state: State, configurations: Sequence[Path] | None) -> int:
    from portinfra.trust.puppet import CONFIGURATIONS, may_sign, raise_for_blocked_names  # EST has it not

    raise_for_blocked_names(configurations or CONFIGURATIONS)
    try:
        reason = may_sign(name, sys.stdin.buffer.read(INPUT_MAX), state, time.time())
    except Refusal as refusal:
        log(f"{name[:64]} refused: {refusal}")
        return 1
    log(f"{name} signed: {reason}")
    return 0


def _revoke(state: State, folder: Path) -> int:
    from portinfra.trust.puppet_revocation import revoke_on_server

    revoked = state.read_revoked()
    uses = {host: state.read_uses(host) for host in revoked}
    for host in revoke_on_server(folder, revoked, uses, datetime.now(UTC)):
        log(f"{host} is revoked")
    return 0


def _serve(state: State, name: str, address: str, port: int) -> int:
    server = EstServer(open_signer(state), name, address, port)
    log(f"{name} signs certificates of {state.read_key().scope} on port {server.server_address[1]}")
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trust.pyz", description="Sign certificates of hosts with a token.")
    parser.add_argument("--state", type=Path, default=FOLDER, help="the folder that the bundle fills")
    programs = parser.add_subparsers(dest="program", required=True)
    policy = programs.add_parser("policy", help="decide for Puppet Server (the setting autosign)")
    policy.add_argument("certname")
    policy.add_argument("--puppet-conf", type=Path, action="append", help="the settings of Puppet Server")
    revoke = programs.add_parser("revoke", help="revoke certificates of Puppet Server")
    revoke.add_argument("cadir", type=Path, help="the folder of Puppet Server's authority")
    serve = programs.add_parser("serve", help="serve EST (RFC 7030)")
    serve.add_argument("--name", help="the name of this host; default: that of the bundle")
    serve.add_argument("--address", default="", help="the address to listen on; default: all")
    serve.add_argument("--port", type=int, default=ENROLMENT_PORT)
    return parser
