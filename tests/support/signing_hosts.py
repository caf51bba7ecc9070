"""A host that signs: what `trust init` and `trust bundle` made, and Debian's own Python."""

import os
import subprocess
import time
from pathlib import Path

from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.trust.directory import open_directory
from portinfra.trust.token import VALID_SECONDS, Token, sign_token

PYTHON = "/usr/bin/python3"
"""Debian's Python, with its own cryptography. The programs of the bundle run with it."""

SCOPE = "shop/production"

DECLARATION = """\
topology "shop" {{
  delivery = "files"
  role "app" {{}}
  role "config" {{
    count   = 1
    profile = "{profile}"
  }}
}}
environment "production" {{
  on          = "fake:us-east-1"
  trust       = "{folder}/trust"
  credentials = {{ "age_identity" = "{folder}/age.txt" }}
}}
"""


class SigningHost:
    """The folder of an operator, and beside it the files of the host that signs."""

    def __init__(self, folder: Path, profile: str = "est-server") -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.state, self.program = folder / "state", folder / "root/usr/local/lib/portinfra/trust.pyz"
        (folder / "shop.hcl").write_text(DECLARATION.format(folder=folder, profile=profile))
        subprocess.run(["age-keygen", "-o", folder / "age.txt"], check=True, capture_output=True)
        self.call("init")
        self.install(self.call("bundle"))
        self._directory = open_directory(f"{folder}/trust", {"age_identity": f"{folder}/age.txt"}, SCOPE)
        self._key = self._directory.read_enrolment_key()

    def call(self, command: str, *options: str) -> str:
        """Run a command of `trust`, and return its output."""
        words = ("trust", command, "production", *options, "-f", str(self.folder / "shop.hcl"))
        done = CliRunner().invoke(app(Session("portinfra", words)), words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def install(self, bundle: str) -> str:
        """Run a bundle as the host that signs does. Return what it says."""
        places = {**os.environ, "STATE": str(self.state), "ROOT": str(self.folder / "root")}
        done = subprocess.run(["sh"], input=bundle, text=True, capture_output=True, check=True, env=places)
        return done.stderr

    def token(self, host="app1", *, scope=SCOPE, attempt="a1", revision=0, until=None, key=None):
        """Return a token of a run that begins now, or one that is valid until another time, or one of another
        revision.
        """
        until = int(time.time()) + VALID_SECONDS if until is None else until
        revision = revision or self._directory.read_revision()
        return sign_token(Token(scope, host, attempt, revision, until), key or self._key)


def has_program() -> bool:
    """Return whether this machine has Debian's Python with cryptography."""
    found = subprocess.run([PYTHON, "-I", "-c", "import cryptography"], check=False, capture_output=True)
    return found.returncode == 0
