"""The methods of Compute Engine that this provider calls: the verb and the path of each.

https://cloud.google.com/compute/docs/reference/rest/v1. Parameters outside the path go into the query, except
`body`.
"""

from collections.abc import Mapping

GET, POST, PUT, PATCH, DELETE = "GET", "POST", "PUT", "PATCH", "DELETE"

_DISK = "zones/{zone}/disks"
_INSTANCE = "zones/{zone}/instances"
_ONE_INSTANCE = _INSTANCE + "/{instance}"

READS: Mapping[str, tuple[str, str]] = {
    "projects.get": (GET, ""),
    "regions.get": (GET, "regions/{region}"),
    "images.list": (GET, "global/images"),
    "machineTypes.aggregatedList": (GET, "aggregated/machineTypes"),
    "globalOperations.aggregatedList": (GET, "aggregated/operations"),
    "globalOperations.get": (GET, "global/operations/{operation}"),
    "globalOperations.wait": (POST, "global/operations/{operation}/wait"),
    "regionOperations.get": (GET, "regions/{region}/operations/{operation}"),
    "zoneOperations.get": (GET, "zones/{zone}/operations/{operation}"),
    "addresses.list": (GET, "regions/{region}/addresses"),
    "disks.aggregatedList": (GET, "aggregated/disks"),
    "firewalls.list": (GET, "global/firewalls"),
    "healthChecks.list": (GET, "global/healthChecks"),
    "instances.aggregatedList": (GET, "aggregated/instances"),
    "instances.getSerialPortOutput": (GET, _ONE_INSTANCE + "/serialPort"),
    "networks.list": (GET, "global/networks"),
    "snapshots.list": (GET, "global/snapshots"),
    "subnetworks.list": (GET, "regions/{region}/subnetworks"),
}

WRITES: Mapping[str, tuple[str, str]] = {
    "addresses.delete": (DELETE, "regions/{region}/addresses/{address}"),
    "addresses.insert": (POST, "regions/{region}/addresses"),
    "addresses.setLabels": (POST, "regions/{region}/addresses/{address}/setLabels"),
    "disks.createSnapshot": (POST, _DISK + "/{disk}/createSnapshot"),
    "disks.delete": (DELETE, _DISK + "/{disk}"),
    "disks.insert": (POST, _DISK),
    "disks.resize": (POST, _DISK + "/{disk}/resize"),
    "disks.setLabels": (POST, _DISK + "/{disk}/setLabels"),
    "firewalls.delete": (DELETE, "global/firewalls/{firewall}"),
    "firewalls.insert": (POST, "global/firewalls"),
    "firewalls.patch": (PATCH, "global/firewalls/{firewall}"),
    "firewalls.update": (PUT, "global/firewalls/{firewall}"),
    "healthChecks.delete": (DELETE, "global/healthChecks/{healthCheck}"),
    "healthChecks.insert": (POST, "global/healthChecks"),
    "healthChecks.patch": (PATCH, "global/healthChecks/{healthCheck}"),
    "instances.addAccessConfig": (POST, _ONE_INSTANCE + "/addAccessConfig"),
    "instances.attachDisk": (POST, _ONE_INSTANCE + "/attachDisk"),
    "instances.delete": (DELETE, _ONE_INSTANCE),
    "instances.deleteAccessConfig": (POST, _ONE_INSTANCE + "/deleteAccessConfig"),
    "instances.detachDisk": (POST, _ONE_INSTANCE + "/detachDisk"),
    "instances.insert": (POST, _INSTANCE),
    "instances.resume": (POST, _ONE_INSTANCE + "/resume"),
    "instances.setLabels": (POST, _ONE_INSTANCE + "/setLabels"),
    "instances.setMachineType": (POST, _ONE_INSTANCE + "/setMachineType"),
    "instances.setTags": (POST, _ONE_INSTANCE + "/setTags"),
    "instances.start": (POST, _ONE_INSTANCE + "/start"),
    "instances.stop": (POST, _ONE_INSTANCE + "/stop"),
    "networks.delete": (DELETE, "global/networks/{network}"),
    "networks.insert": (POST, "global/networks"),
    "snapshots.delete": (DELETE, "global/snapshots/{snapshot}"),
    "snapshots.setLabels": (POST, "global/snapshots/{snapshot}/setLabels"),
    "subnetworks.delete": (DELETE, "regions/{region}/subnetworks/{subnetwork}"),
    "subnetworks.insert": (POST, "regions/{region}/subnetworks"),
}

METHODS: Mapping[str, tuple[str, str]] = {**READS, **WRITES}

READ_KEY, READ_PERMISSIONS = "cryptoKeys.get", "projects.testIamPermissions"

ELSEWHERE: Mapping[str, tuple[str, str, str]] = {
    READ_KEY: ("cloudkms", GET, "/v1/{key}"),
    READ_PERMISSIONS: ("cloudresourcemanager", POST, "/v1/projects/{project}:testIamPermissions"),
}
"""Methods of other services: the service, the verb and the path. `{key}` is the full name of a key.

https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/get,
https://cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions.
"""

COMPUTE = "compute"


def service_of(action: str) -> str:
    """Return the service of a method: `cloudkms`, of `cloudkms.googleapis.com`."""
    return ELSEWHERE[action][0] if action in ELSEWHERE else COMPUTE
