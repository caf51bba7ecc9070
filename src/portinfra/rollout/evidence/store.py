"""The folder where evidence is kept, and the key that signs it."""

import json
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryFile

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portinfra.errors import PortinfraError
from portinfra.execution.journal import home
from portinfra.model.plain import Document
from portinfra.rollout.evidence.parsing import parse
from portinfra.rollout.evidence.signing import sign, signing_key

KEY_FILE = "evidence-key.pem"


@frozen
class EvidenceStore:
    """Where evidence is signed and kept. It is opened before there is any, lest any be lost."""

    key: Ed25519PrivateKey
    folder: Path
    public_key: Path
    """The file that `verify` takes: the key's public half."""

    def documents(self) -> list[tuple[str, Document]]:
        """Return the name and the document of each file of evidence that can be read."""
        found = []
        for file in sorted(self.folder.glob("*.json")):
            with suppress(PortinfraError, OSError, UnicodeDecodeError):
                found.append((file.name, parse(file.read_text(encoding="utf-8"), "")))
        return found

    def save(self, name: str, document: Document) -> tuple[Path, Document]:
        """Sign a document, and write it to a new file: `name.json`, else `name-2.json` and so on.

        Returns the file and the signed document. Raises OSError.
        """
        signed = sign(document, self.key)
        names = chain([name], (f"{name}-{number}" for number in count(2)))
        file = next(file for each in names if not (file := self.folder / f"{each}.json").exists())
        file.write_text(json.dumps(signed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return file, signed


def open_store() -> EvidenceStore:
    """Open the store of `PORTINFRA_HOME`, else of `.portinfra`; make its folder and key where there are none.

    Raises PortinfraError for a key or a folder that cannot be used.
    """
    folder, key_file = home() / "evidence", home() / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
        return EvidenceStore(signing_key(key_file), folder, key_file.with_suffix(".pub"))
    except OSError as error:
        raise PortinfraError(
            f"evidence could not be kept: {error}; nothing was begun",
            fix=f"Let {folder} be a folder that you may write to.",
        ) from error
