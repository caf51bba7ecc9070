"""A service: a named TCP port that a role offers, and the local port by which its clients reach it."""

from typing import Literal

from attrs import field

from portinfra.model import convert
from portinfra.model.arguments import refuse_unknown
from portinfra.model.location import Location, here
from portinfra.value import frozen

Tls = Literal["proxy", "app", "none"]
TLS: tuple[Tls, ...] = ("proxy", "app", "none")
"""What ends TLS: the proxy of the server, the application itself, or no program."""

Balance = Literal["roundrobin", "leastconn"]
BALANCES: tuple[Balance, ...] = ("roundrobin", "leastconn")
"""How HAProxy selects a server: in turn, or the one with the fewest connections."""


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Service:
    """A TCP port that a role offers under a name. Every host that calls it reaches it by a local port."""

    name: str
    """An RFC 1035 label, unique in the topology."""
    tcp: int = field(metadata={"stand_in": 1})
    """The port on the addresses of the hosts that offer it."""
    local_port: int = field(metadata={"stand_in": 1024})
    """The port on 127.0.0.1 of every host that calls it, from 1024 on; unique in the topology."""
    app_port: int | None = None
    """The port on 127.0.0.1 where the application listens; None: the same as `tcp`."""
    health: str = ""
    """The path that answers an HTTP check with 2xx or 3xx: `/health`. Empty: the check only connects."""
    health_port: int | None = None
    """The port on 127.0.0.1 that is checked; None: the application's."""
    tls: Tls = "proxy"
    """What ends TLS on the server: `proxy`, `app` (the application listens on `tcp` itself), or `none`."""
    balance: Balance = "roundrobin"
    """How a client's proxy selects a server of its zone. `leastconn` is for long connections."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def port_of_app(self) -> int:
        """The port on 127.0.0.1 where the application listens."""
        return self.tcp if self.app_port is None else self.app_port

    @property
    def port_of_health(self) -> int:
        """The port on 127.0.0.1 that the server's proxy checks."""
        return self.port_of_app if self.health_port is None else self.health_port
