"""Things made by hand with google-cloud-compute, as a person would, for tests of the bed and for drift.

hand = Hand(gce.endpoint)
hand.do("Networks", "insert", network_resource={"name": "n", "auto_create_subnetworks": False})
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, field
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import compute_v1
from google.oauth2.credentials import Credentials

from emulator.identities import PROJECT, TOKEN

REGION = "europe-west1"
ZONE = f"{REGION}-b"
DEBIAN = "projects/debian-cloud/global/images/family/debian-12"


@define(eq=False)
class Hand:
    """Clients that never repeat a request, and wait for what they began."""

    endpoint: str
    project: str = PROJECT
    token: str = TOKEN
    _clients: dict[str, Any] = field(factory=dict)

    def client(self, service: str) -> Any:
        """`client("Instances")`: Google's own client of a collection."""
        if service not in self._clients:
            make = getattr(compute_v1, f"{service}Client")
            options = ClientOptions(api_endpoint=self.endpoint)
            self._clients[service] = make(credentials=Credentials(self.token), client_options=options)
        return self._clients[service]

    def ask(self, service: str, method: str, **given: Any) -> Any:
        """One request; its answer, or for a list all of it."""
        request = {"project": self.project, **given}
        return getattr(self.client(service), method)(request=request, retry=None, timeout=30)

    def begin(self, service: str, method: str, **given: Any) -> Any:
        """A change; the operation that it answers."""
        return getattr(self.client(service), f"{method}_unary")(
            request={"project": self.project, **given}, retry=None, timeout=30
        )

    def do(self, service: str, method: str, **given: Any) -> Any:
        """A change, to its end; the operation. Raises AssertionError where the operation failed."""
        told = self.wait(self.begin(service, method, **given))
        errors = [f"{each.code}: {each.message}" for each in told.error.errors]
        assert not errors, errors
        return told

    def wait(self, operation: Any) -> Any:
        """The operation at its end."""
        place = "zone" if operation.zone else "region" if operation.region else ""
        where = {place: getattr(operation, place).rpartition("/")[2]} if place else {}
        service = place.title() or "Global"
        while operation.status != compute_v1.Operation.Status.DONE:
            operation = self.ask(f"{service}Operations", "wait", operation=operation.name, **where)
        return operation

    def network(self, name: str = "n") -> None:
        """A network."""
        resource = {"name": name, "auto_create_subnetworks": False}
        self.do("Networks", "insert", network_resource=resource)

    def subnet(self, name: str = "s", cidr: str = "10.0.0.0/24", network: str = "n", **more: Any) -> None:
        """A subnetwork."""
        whole = f"projects/{self.project}/global/networks/{network}"
        resource = {"name": name, "network": whole, "ip_cidr_range": cidr, **more}
        self.do("Subnetworks", "insert", region=REGION, subnetwork_resource=resource)

    def rule(self, name: str = "f", network: str = "n", **more: Any) -> None:
        """A firewall rule."""
        resource = {"name": name, "network": f"global/networks/{network}", **more}
        if "denied" not in more:
            resource.setdefault("allowed", [{"I_p_protocol": "tcp", "ports": ["22"]}])
        self.do("Firewalls", "insert", firewall_resource=resource)

    def address(self, name: str = "a", **more: Any) -> str:
        """A static address."""
        self.do("Addresses", "insert", region=REGION, address_resource={"name": name, **more})
        told: str = self.ask("Addresses", "get", region=REGION, address=name).address
        return told

    def disk(self, name: str = "d", gigabytes: int = 10, zone: str = ZONE, **more: Any) -> None:
        """A disk."""
        resource = {"name": name, "size_gb": gigabytes, **more}
        self.do("Disks", "insert", zone=zone, disk_resource=resource)

    def host(self, name: str = "i", address: str = "", zone: str = ZONE, **more: Any) -> Any:
        """An instance in the subnetwork `s`; its operation."""
        return self.do("Instances", "insert", zone=zone, instance_resource=host(name, address, zone, **more))

    def small_world(self) -> None:
        """A network `n`, a subnetwork `s` and a host `i` in it."""
        self.network()
        self.subnet()
        self.host(address="10.0.0.10")

    def instance(self, name: str = "i", zone: str = ZONE) -> Any:
        """How an instance is."""
        return self.ask("Instances", "get", zone=zone, instance=name)


def host(name: str = "i", address: str = "", zone: str = ZONE, **more: Any) -> dict[str, Any]:
    """The body of an instance."""
    nic: dict[str, Any] = {"subnetwork": f"regions/{zone[:-2]}/subnetworks/s"}
    if address:
        nic["network_i_p"] = address
    disk = {"boot": True, "auto_delete": True, "initialize_params": {"source_image": DEBIAN}}
    return {
        "name": name,
        "machine_type": f"zones/{zone}/machineTypes/e2-small",
        "disks": [disk],
        "network_interfaces": [nic],
        **more,
    }


@contextmanager
def refused(status: int, words: str = "") -> Iterator[list[str]]:
    """What is within is refused with this HTTP status, in these words; the list gets the message."""
    said: list[str] = []
    with pytest.raises(GoogleAPICallError) as caught:
        yield said
    said.append(caught.value.message)
    assert (caught.value.code, words in caught.value.message) == (status, True), caught.value
