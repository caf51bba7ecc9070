"""The folder of evidence, and the key that signs it."""

import json
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portinfra.errors import PortinfraError
from portinfra.execution.journal import home
from portinfra.model.plain import Document
from portinfra.rollout.evidence.parsing import parse
from portinfra.rollout.evidence.signing import sign, signing_key
from portinfra.value import frozen

KEY_FILE = "evidence-key.pem"


@frozen
class EvidenceStore:
    """A store that signs and saves evidence. A run opens it first, so that no evidence is lost."""

    key: Ed25519PrivateKey
    folder: Path
    public_key: Path
    """The file of the public key, which `verify` takes."""

    def documents(self) -> list[tuple[str, Document]]:
        """Return the name and the document of each readable file of evidence."""
        found = []
        for file in sorted(self.folder.glob("*.json")):
            with suppress(PortinfraError, OSError, UnicodeDecodeError):
                found.append((file.name, parse(file.read_text(encoding="utf-8"), "")))
        return found

    def save(self, name: str, document: Document) -> tuple[Path, Document]:
        """Sign a document, and write it to a new file: `name.json`, else `name-2.json` and so on.

        Return the file and the signed document. Raises OSError.
        """
        signed = sign(document, self.key)
        names = chain([name], (f"{name}-{number}" for number in count(2)))
        file = next(file for each in names if not (file := self.folder / f"{each}.json").exists())
        file.write_text(json.dumps(signed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return file, signed


def open_store() -> EvidenceStore:
    """Open the store in `PORTINFRA_HOME`, else in `.portinfra`. Create a missing folder and a missing key.

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
            f"evidence cannot be saved: {error}; nothing was begun",
            fix=f"Make {folder} a folder that you may write to, then run the same command again.",
        ) from error
