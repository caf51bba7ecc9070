"""The documents of declarations that use no service and no delivery, as portinfra prints them."""

import json
import os
from pathlib import Path

from attrs import evolve

from portinfra import workflow
from portinfra.declaration.hcl.write import to_hcl
from portinfra.declaration.load import load
from portinfra.model.address import Address
from portinfra.provider import cloud_init
from portinfra.render.documents import inventory_document, plan_document, render_document
from portinfra.testing.simulation import simulate

FOLDER = Path(__file__).parent
DOCUMENTS = FOLDER / "documents"
DECLARATIONS = ("payments.hcl", "shop.hcl")
HOSTS = ("web1", "app1", "db1", "app2")
"""Hosts of `shop.hcl`, each with other data for its birth."""


def written(declaration):
    """Return each document of a declaration by the name of its file in `documents/`."""
    before = Path.cwd()
    os.chdir(FOLDER)  # documents name the file of a declaration as it was given
    try:
        declared = load(Path(declaration))
    finally:
        os.chdir(before)
    (topology,) = declared.topologies
    environment = evolve(declared.environments[0], on="fake:us-east-1", account="")
    placed = workflow.place(topology, environment)
    with simulate():
        plan = workflow.plan(topology, environment, guards=())
    documents = {"plan.json": plan_document(plan), "inventory.json": inventory_document(placed)}
    if declaration == "shop.hcl":
        documents |= {"render.json": render_document(placed), "birth.json": _births(placed)}
    texts = {name: f"{json.dumps(document, indent=1)}\n" for name, document in documents.items()}
    stem = declaration.partition(".")[0]
    return {f"{stem}.{name}": text for name, text in {**texts, "hcl": to_hcl(declared)}.items()}


def _births(placed):
    """Return what new hosts read, by the provider: cloud-init's part in the clouds' own metadata."""
    from portinfra_aws.drivers.instance import birth_text
    from portinfra_gcp.creation import metadata

    hosts = [placed.resources[Address(f"instance.{name}")] for name in HOSTS]
    return {
        "aws": {host.name: birth_text(host) for host in hosts},
        "gcp": {host.name: metadata(host) for host in hosts if host.user_data[:2] in ("", "#!")},
        "libvirt": {host.name: cloud_init.user_data(host.user_data, host.ssh_keys) for host in hosts},
    }
