"""The page on services of one's own hosts: its declaration is sound, and its commands do what it says."""

import pytest
from transcripts import Terminal, blocks

from portinfra.declaration.load import load
from portinfra.hosts.haproxy import PATH
from portinfra.hosts.render import render
from portinfra.placement import place

PAGE = "docs/services-how-to.md"
SHOP, QUEUE = blocks(PAGE, "hcl")


def declared(folder, text):
    (folder / "shop.hcl").write_text(text, encoding="utf-8")
    return load(folder / "shop.hcl")


def test_its_declaration_has_a_primary_that_clients_find(tmp_path):
    shop = declared(tmp_path, SHOP)
    files = render(place(shop.topologies[0], shop.environments[0]), lambda network, subnet: ())
    (text,) = (file.content for file in files["db1"] if file.path == PATH)
    assert "option httpchk GET /primary" in text
    assert "server app 127.0.0.1:15432 check port 8008" in text


def test_its_other_service_belongs_in_a_role(tmp_path):
    shop = declared(tmp_path, SHOP.replace('role "web" {', f'role "web" {{\n{QUEUE}', 1))
    names = [service.name for _, service in shop.topologies[0].services]
    assert names == ["queue", "ledger"]


@pytest.mark.tools("openssl")
def test_its_commands_make_certificates_and_write_files(tmp_path):
    declared(tmp_path, SHOP)
    certificates, files = blocks(PAGE, "sh")
    terminal = Terminal(tmp_path)
    assert terminal.run(certificates).endswith("tls/web1/host.pem: OK\n")
    assert "Written: 6 hosts into files" in terminal.run(files)
    assert {path.name for path in (tmp_path / "tls/web1").iterdir()} == {"host.pem", "host.pem.key", "ca.pem"}
