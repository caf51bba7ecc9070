"""What there is, by the bed's own word: comparable lines without ids, never through the API under test.

Left out: the routes that come with networks and subnetworks, and what is on its way out.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from emulator.links import name_of
from emulator.project import Project, Resource

Told = dict[str, Any]


def ground_truth(
    projects: Iterable[Project], project: str | None = None, without: Collection[str] = ()
) -> list[str]:
    """A sorted line for each thing, its kind first, of one project or of all.

    `without` are keys of labels, and of JSON in descriptions, that differ between worlds that are the same.
    """
    return sorted(
        f"{line} @{there.id}"
        for there in projects
        if project in (None, there.id)
        for line in _lines(there, without)
    )


def _lines(there: Project, without: Collection[str]) -> Iterator[str]:
    for collection, facts in _FACTS.items():
        for resource in there.all(collection):
            if resource.state in ("ready", "making") and not _own(resource):
                yield " ".join([collection_noun(resource), *facts(resource.body), _marks(resource, without)])
                if collection == "instances":
                    yield from _attachments(resource)
    for item in there.metadata.get("items", ()):
        yield f"metadata {item['key']}={item.get('value', '')}"


def collection_noun(resource: Resource) -> str:
    """The word that a line begins with."""
    return resource.kind.noun.replace(" ", "-")


def _own(resource: Resource) -> bool:
    return resource.kind.collection == "routes" and resource.name.startswith("default-r")


def _marks(resource: Resource, without: Collection[str]) -> str:
    labels = resource.body.get("labels", {})
    told = " ".join(f"{key}={labels[key]}" for key in sorted(labels) if key not in without)
    return f"{{{told}}} {_description(resource.body.get('description', ''), without)}".strip()


def _description(text: str, without: Collection[str]) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return text
    if not isinstance(told, dict):
        return text
    return json.dumps(_less(told, without))


def _less(told: Any, without: Collection[str]) -> Any:
    if not isinstance(told, dict):
        return told
    return {key: _less(told[key], without) for key in sorted(told) if key not in without}


def _place(body: Told) -> str:
    return name_of(body.get("zone") or body.get("region") or "global")


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _key(body: Told, name: str = "diskEncryptionKey") -> str:
    return f"key={body.get(name, {}).get('kmsKeyName', '-')}"


def _network(body: Told) -> Iterator[str]:
    yield from (body["name"], f"routing={body['routingConfig']['routingMode']}", f"mtu={body['mtu']}")


def _subnetwork(body: Told) -> Iterator[str]:
    yield from (body["name"], body["ipCidrRange"], _place(body), f"in {name_of(body['network'])}")
    yield f"google-access={_yes(body['privateIpGoogleAccess'])}"


def _firewall(body: Told) -> Iterator[str]:
    yield from (body["name"], f"in {name_of(body['network'])}", body["direction"], str(body["priority"]))
    for action in ("allowed", "denied"):
        for entry in sorted(body.get(action, ()), key=str):
            yield f"{action}:{entry['IPProtocol']}:{','.join(sorted(entry.get('ports', ())))}"
    for name in (
        "sourceRanges", "sourceTags", "sourceServiceAccounts",
        "destinationRanges", "targetTags", "targetServiceAccounts",
    ):  # fmt: skip
        if body.get(name):
            yield f"{name}={','.join(sorted(body[name]))}"
    yield f"disabled={_yes(body['disabled'])}"


def _route(body: Told) -> Iterator[str]:
    yield from (body["name"], f"in {name_of(body['network'])}", body["destRange"])


def _address(body: Told) -> Iterator[str]:
    yield from (body["name"], body["addressType"], _place(body))
    users = ",".join(sorted(name_of(user) for user in body.get("users", ())))
    yield f"on {users or 'nothing'}"


def _disk(body: Told) -> Iterator[str]:
    source = name_of(body.get("sourceImage") or body.get("sourceSnapshot") or "-")
    yield from (body["name"], f"{body['sizeGb']} GB", name_of(body["type"]), _place(body), _key(body))
    yield f"from={source}"


def _snapshot(body: Told) -> Iterator[str]:
    yield from (body["name"], f"of {name_of(body['sourceDisk'])}", f"{body['diskSizeGb']} GB")
    yield from (_key(body, "snapshotEncryptionKey"), f"in={','.join(body['storageLocations'])}")


def _instance(body: Told) -> Iterator[str]:
    yield from (body["name"], body["status"], name_of(body["machineType"]), _place(body))
    for nic in body["networkInterfaces"]:
        yield f"{nic['networkIP']} in {name_of(nic['subnetwork'])}"
        yield f"external={_yes(nic.get('accessConfigs'))}"
    shielded = body["shieldedInstanceConfig"]
    yield f"secure-boot={_yes(shielded['enableSecureBoot'])} protected={_yes(body['deletionProtection'])}"
    yield f"tags={','.join(body['tags'].get('items', ()))}"
    yield f"accounts={','.join(each['email'] for each in body.get('serviceAccounts', ()))}"


def _health_check(body: Told) -> Iterator[str]:
    yield from (body["name"], body["type"])


def _attachments(instance: Resource) -> Iterator[str]:
    for disk in instance.body["disks"]:
        gone = "auto-delete" if disk["autoDelete"] else "kept"
        yield f"attachment {name_of(disk['source'])} on {instance.name} as {disk['deviceName']} {gone}"


_FACTS = {
    "networks": _network,
    "subnetworks": _subnetwork,
    "firewalls": _firewall,
    "routes": _route,
    "addresses": _address,
    "disks": _disk,
    "snapshots": _snapshot,
    "instances": _instance,
    "healthChecks": _health_check,
}
