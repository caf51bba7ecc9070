"""New hosts of an apply in the simulator, which creates them with their user data."""

import json
import os
from pathlib import Path

from portinfra import apply, plan
from portinfra.render.documents import plan_document
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import FakeCloud, plugin


def create_hosts(topology, environment):
    """Apply in the simulator. Return the boot script of each host, by its private address, and all other
    texts of the run: its plan, progress, outcome, journal, and what it sends to the cloud.
    """
    seen, texts = {}, []

    def hand(provider, call):
        given = dict(call.parameters)
        if call.action == "CreateInstance":
            seen[given["private_address"]] = given.pop("boot_script")
        texts.append(f"{call.action} {given}")
        return provider.perform(call)

    plugin.cloud = FakeCloud()
    try:
        with wrap_calls("fake", hand):
            made = plan(topology, environment)
            outcome = apply(made, seed=0, listen=lambda progress: texts.append(str(progress)))
    finally:
        plugin.cloud = None
    texts += [str(made), str(outcome), json.dumps(plan_document(made))]
    journals = [each for each in Path(os.environ["PORTINFRA_HOME"]).rglob("*") if each.is_file()]
    assert journals
    return seen, [*texts, *(each.read_text() for each in journals)]
