"""Puppet Server's policy for signing: a program that reads a request, and ends with 0 to sign or 1 to refuse.

https://www.puppet.com/docs/puppet/7/ssl_autosign.html
"""

import configparser
from collections.abc import Iterable
from pathlib import Path

from portinfra.trust.errors import Refusal, TrustError
from portinfra.trust.policy import USED, decide
from portinfra.trust.request import read_request
from portinfra.trust.state import State

CONFIGURATIONS = (Path("/etc/puppet/puppet.conf"), Path("/etc/puppetlabs/puppet/puppet.conf"))
"""The settings of Puppet, in Debian's package and in those of Perforce and OpenVox."""

_SETTING = "allow_duplicate_certs"
_SECTIONS = ("server", "master", "main")
"""The sections that Puppet Server reads. The first that has a setting wins."""


def raise_for_blocked_names(configurations: Iterable[Path] = CONFIGURATIONS) -> None:
    """Raise TrustError unless Puppet Server accepts a second request of a name.

    Otherwise a refused request blocks its name, also for the real host: a denial of service by any host. The
    setting is safe here, as each signature needs a token of its own.
    """
    files = [file for file in configurations if file.exists()]
    parser = configparser.RawConfigParser(
        strict=False, delimiters=("=",), inline_comment_prefixes=("#",), allow_no_value=True
    )
    try:
        parser.read(files)
    except configparser.Error as error:
        raise TrustError(f"{files[0]} cannot be read: {error.message}", fix="Correct the file.") from None
    values = [parser.get(each, _SETTING, fallback=None) for each in _SECTIONS]
    value = next((each for each in values if each is not None), "false")
    if value.strip().lower() not in ("true", "yes"):
        where = files[0] if files else CONFIGURATIONS[0]
        raise TrustError(
            f"{where} does not have {_SETTING} = true: a refused request would block its name",
            fix=f"Write {_SETTING} = true into its section [server], and restart Puppet Server.",
        )


def may_sign(name: str, raw: bytes, state: State, now: float) -> str:
    """Return why Puppet Server may sign a request in PEM, and use up its token. Raises Refusal.

    Puppet Server has the certificate of its own host already. The token of this host would stay unused, so it
    opens nothing.
    """
    if name == state.read_name():
        raise Refusal("this host signs: it has its certificate from the bundle")
    decision = decide(name, read_request(raw), state.read_key(), state.read_used(), now)
    if decision.token is None:
        raise Refusal(decision.reason)
    if state.use(decision.token, f"revision {decision.token.revision}\n".encode()) is not None:
        raise Refusal(USED)
    return decision.reason
