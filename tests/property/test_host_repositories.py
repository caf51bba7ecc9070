"""Repositories for Puppet and Ansible, whatever topology is drawn: data are the files; tools accept them."""

import json
import re
import subprocess

import pytest
import yaml
from attrs import evolve
from examples import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portinfra import Environment, Role, Topology
from portinfra.hosts.delivery.ansible import group_name, playbook_repository, zone_group
from portinfra.hosts.delivery.mark import read_mark
from portinfra.hosts.delivery.puppet import control_repository
from portinfra.hosts.delivery.yaml import Verbatim, to_yaml
from portinfra.hosts.render import render
from portinfra.model.platform_service import PlatformService
from portinfra.placement import place
from portinfra.testing import strategies

MAKERS = [control_repository, playbook_repository]
shared = settings(
    max_examples=examples(12),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


class Loader(yaml.SafeLoader):
    """It reads `!unsafe` as a text."""


Loader.add_constructor("!unsafe", lambda loader, node: Verbatim(loader.construct_scalar(node)))


def read(text):
    return yaml.load(text, Loader)


def cloud(network, subnet):
    return (PlatformService("169.254.169.123", "udp", 123),)


def repository_of(make, topology, environment):
    placed = place(topology, environment)
    return make(placed, render(placed, cloud), cloud)


def texts(repository):
    return {file.path: file.text for file in repository.files}


def write(repository, folder):
    for file in repository.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")


TEXTS = st.text(max_size=12)
VALUES = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


@settings(max_examples=examples(30))
@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_yaml_keeps_every_value(value):
    assert read(to_yaml(value)) == value


@given(st.text(st.characters(codec="ascii")))
@example("\n  a blank line, and then one with blanks at its begin\n")
@example("\x7f")
def test_yaml_keeps_every_text_and_that_nothing_in_it_is_an_expression(text):
    (found,) = read(to_yaml({"content": Verbatim(text)})).values()
    assert (found, type(found)) == (text, Verbatim)


def expand(text):
    """Return a text as Hiera expands it."""
    assert not re.search(r"%\{(?!literal\('%'\)\})", text)
    return text.replace("%{literal('%')}", "%")


@shared
@given(strategies.topologies(), strategies.environments())
def test_the_data_of_each_host_are_its_files(topology, environment):
    placed = place(topology, environment)
    files = render(placed, cloud)
    control, playbooks = (texts(make(placed, files, cloud)) for make in MAKERS)
    for host, some in files.items():
        puppet = read(control[f"data/hosts/production/{host}.yaml"])
        ansible = read(playbooks[f"inventory/production/host_vars/{host}/portinfra.yml"])
        rows = [
            (path, row["mode"], row.get("check", ""), row.get("reload", ""), expand(row["content"]))
            for path, row in puppet["portinfra::files"].items()
        ]
        wanted = [(f.path, f"{f.mode:04o}", f.check, f.reload, f.content) for f in some]
        assert rows == wanted
        assert wanted == [
            (
                row["path"],
                row["mode"],
                row.get("check", "").replace("%s", "%"),
                row.get("reload", ""),
                row["content"],
            )
            for row in ansible["portinfra_files"]
        ]
        assert all(isinstance(row["content"], Verbatim) for row in ansible["portinfra_files"])
        (time,) = puppet["portinfra_cloud::files"].values()
        assert (
            time["content"]
            == ansible["portinfra_cloud_files"][0]["content"]
            == "[Time]\nNTP=169.254.169.123\n"
        )


@shared
@given(strategies.topologies(), strategies.environments())
def test_the_inventory_has_each_host_by_its_role_and_its_zone(topology, environment):
    placed = place(topology, environment)
    groups = read(
        texts(playbook_repository(placed, render(placed, cloud), cloud))["inventory/production/sample.yml"]
    )
    groups = groups["all"]["children"]
    for spec in placed.resources.values():
        if spec.kind == "instance":
            role = groups[group_name(placed.roles[spec.address])]["hosts"][spec.name]
            assert role == {"ansible_host": spec.private_address}
            named = [
                name for name, group in groups.items() if spec.name in group["hosts"] and name[-1].isdigit()
            ]
            assert named == [zone_group(int(spec.zone))]


@shared
@pytest.mark.parametrize("make", MAKERS)
@given(data=st.data(), topology=strategies.topologies().filter(lambda drawn: drawn.roles))
def test_hosts_whose_files_do_not_change_have_unchanged_data(make, data, topology):
    environment = Environment("production", on="fake:us-east-1")
    role = data.draw(st.sampled_from(topology.roles))
    larger = topology.with_role(evolve(role, count=role.count + 1))
    before, after = (texts(repository_of(make, each, environment)) for each in (topology, larger))
    old, new = (dict(render(place(each, environment), cloud)) for each in (topology, larger))
    for host, files in old.items():
        paths = [path for path in before if re.search(rf"/{host}(\.yaml|/portinfra\.yml)$", path)]
        assert len(paths) == 1
        assert (before[paths[0]] == after[paths[0]]) == (files == new[host])


@shared
@pytest.mark.parametrize("make", MAKERS)
@given(topology=strategies.topologies(), environment=strategies.environments())
def test_each_file_is_either_marked_or_belongs_to_the_user(make, topology, environment):
    repository = repository_of(make, topology, environment)
    assert repository == repository_of(make, topology, environment)
    paths = [file.path for file in repository.files]
    assert len(paths) == len({*paths})
    for file in repository.files:
        mark = read_mark(file.text)
        assert (mark is None) == file.is_initial
        if mark:
            assert mark.is_intact
            is_of_a_scope = file.path.startswith(("data/hosts/", "inventory/"))
            assert mark.scope == ("sample/production" if is_of_a_scope else "")


ODD = Topology(
    "odd",
    [
        *(
            Role(name, count=1)
            for name in ("init", "all", "ungrouped", "proxy-card", "class", "node", "default")
        ),
        Role("config", count=1, profile="puppet-server"),
        Role("est", count=1, profile="est-server"),
    ],
)
"""Names that the tools themselves use."""


def drawn_topologies(count):
    found = [ODD]

    @settings(max_examples=count, database=None)
    @given(strategies.topologies(max_hosts=2))
    def draw(topology):
        found.append(topology)

    draw()
    return found


PLACE = Environment("production", on="fake:us-east-1")


@pytest.mark.slow
@pytest.mark.tools("puppet")
def test_puppet_accepts_every_repository(tmp_path):
    """One call reads all of them. It refuses a second definition of a type, so equal files are read once."""
    seen = set()
    for number, topology in enumerate(drawn_topologies(examples(8))):
        repository = repository_of(control_repository, topology, PLACE)
        new = [file for file in repository.files if file not in seen]
        seen |= {*new}
        write(evolve(repository, files=new), tmp_path / str(number))
    manifests = [str(path) for path in tmp_path.rglob("*.pp")]
    assert any("/role/" in path for path in manifests)
    done = subprocess.run(
        ["puppet", "parser", "validate", *manifests], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    broken = next(tmp_path.rglob("site.pp"))
    broken.write_text("node {", encoding="utf-8")
    assert subprocess.run(
        ["puppet", "parser", "validate", broken], capture_output=True, check=False
    ).returncode


@pytest.mark.slow
@pytest.mark.tools("ansible-playbook", "ansible-inventory")
def test_ansible_accepts_every_repository(tmp_path):
    """One call reads the inventories of all of them: each topology has other names of hosts."""
    sources = []
    wanted = set()
    for number, topology in enumerate(drawn_topologies(examples(8))):
        letters = "".join("abcdefghij"[int(digit)] for digit in str(number))
        own = Topology(
            f"x-{letters}",
            [
                Role(f"{role.name}-{letters}" if number else role.name, count=role.count)
                for role in topology.roles
            ],
        )
        repository = repository_of(playbook_repository, own, PLACE)
        write(repository, tmp_path)
        sources += ["-i", f"inventory/production/x-{letters}.yml"]
        wanted |= {*render(place(own, PLACE), cloud)}
    listed = subprocess.run(
        ["ansible-inventory", *sources, "--list"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (listed.returncode, "WARNING" in listed.stderr) == (0, False), listed.stderr
    assert json.loads(listed.stdout)["_meta"]["hostvars"].keys() == wanted
    checked = subprocess.run(
        ["ansible-playbook", "-i", "inventory/production", "site.yml", "--syntax-check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, "WARNING" in checked.stderr) == (0, False), checked.stderr
