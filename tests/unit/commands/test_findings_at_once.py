"""What providers find comes together with what the declaration itself lacks."""

import pytest

SHOP = """
topology "shop" {
  role "db" {
    count = 3
    native = { fake = { OPTION = 1 } }
    volume "data" {
      gib = 10
      mount = "/srv"
    }
  }
}
environment "production" {
  on = "PLACE"
  account = "111111111111"
  key = "alias/a"
}
environment "recovery" {
  on = "libvirt:rack"
}
recovery "shop" {
  source = "production"
  target = "recovery"
  rpo = "4h"
  rto = "1h"
  waves = [["db"]]
}
"""


@pytest.fixture
def told(tmp_path, world):
    """What `check production` says of the shop, with this location and native option."""

    def run(place, option="x"):
        file = tmp_path / "shop.hcl"
        file.write_text(SHOP.replace("PLACE", place).replace("OPTION", option))
        return in_hcl(file).stderr

    def in_hcl(file):
        from typer.testing import CliRunner

        from portinfra.commands.app import app
        from portinfra.commands.session import Session

        arguments = ["check", "production", "-f", str(file)]
        return CliRunner().invoke(app(Session("portinfra", tuple(arguments))), arguments)

    return run


def test_nothing_that_follows_from_a_misspelt_provider_is_printed(told):
    """Another provider would need a vault, and this one is the same, but for its spelling."""
    text = told("libvrit:rack-2")
    assert "there is no provider 'libvrit'" in text
    assert "vault" not in text
    assert "vault" in told("fake:us-east-1"), "another provider needs one"
    assert "shop.hcl:13" in text, "the line of `on`"


def test_an_option_that_the_provider_lacks_does_not_hide_behind_a_missing_vault(told):
    text = told("fake:us-east-1", option="nonsense")
    assert "vault" in text
    assert "role.db.native.fake.nonsense" in text
    assert "shop.hcl:5" in text, "the line of `native`"
