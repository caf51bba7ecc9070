"""Evidence that is kept and shown; `dr report` and `dr verify`."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import frozen
from typer import Argument, Option

from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import Shown
from portinfra.commands.session import Session
from portinfra.commands.writing import write_file
from portinfra.errors import PortinfraError
from portinfra.model.evidence import Evidence
from portinfra.model.plain import Document
from portinfra.words import moment

if TYPE_CHECKING:
    from portinfra.rollout.evidence import EvidenceStore, Verdict


@frozen
class Paper:
    """Which evidence."""

    evidence: Annotated[Path, Argument(metavar="FILE", help="The evidence: a JSON file that a drill wrote.")]


@frozen
class Page:
    """Where the page goes."""

    out: Annotated[
        Path | None, Option("--out", metavar="FILE", help="Where to; else beside the evidence, as .html.")
    ] = None


@frozen
class Trusting(Shown):
    """Whom to believe."""

    key: Annotated[
        Path | None, Option("--key", metavar="FILE", help="The public key that must have signed it.")
    ] = None


def hand_in(session: Session, store: "EvidenceStore", evidence: Evidence, *, as_json: bool) -> int:
    """Keep the evidence with its report, and show how it ended."""
    from portinfra.recovery.evidence import evidence_document
    from portinfra.render.console.recovery import show_evidence
    from portinfra.render.console.terminal import err, out, write_json
    from portinfra.render.evidence import report_html

    name = f"{evidence.kind}-{evidence.recovery}-{evidence.id}"
    file, document = store.save(name, evidence_document(evidence))
    page = file.with_suffix(".html")
    write_file(page, report_html(document))
    if as_json:
        write_json(document)
    else:
        show_evidence(evidence, out())
    verifying = session.command("dr", "verify", str(file), "--key", str(store.public_key))
    beside = err() if as_json else out()
    for line in (f"Evidence: {file}", f"Report:   {page}", f"Verify:   {verifying}"):
        beside.print(line)
    return Exit.DONE if evidence.result == "passed" else Exit.FAILED


def report(session: Session, paper: Paper, page: Page) -> int:
    """Write evidence as a page to read. Ends with 1 where it was altered, which the page says, too."""
    from portinfra.render.console.terminal import err, write
    from portinfra.render.evidence import report_html
    from portinfra.rollout.evidence import verify as verified

    document = _read(paper.evidence)
    verdict = verified(document)
    target = page.out or paper.evidence.with_suffix(".html")
    write_file(target, report_html(document))
    write(str(target))
    if not verdict.good:
        err().print(verdict.told)
    return Exit.FAILED if verdict.found == "altered" else Exit.DONE


def verify(session: Session, paper: Paper, trusting: Trusting) -> int:
    """Tell what a file is evidence of, and whether it is as it was signed. Ends with 1 where it is not."""
    from portinfra.render.console.terminal import err, write, write_json
    from portinfra.rollout.evidence import verify as verified

    public = None
    if trusting.key is not None:
        try:
            public = trusting.key.read_bytes()
        except OSError as error:
            raise Misuse(f"{trusting.key} cannot be read: {error.strerror}") from error
    document = _read(paper.evidence)
    verdict, of = verified(document, public), _of(document)
    told = _told(verdict, of)
    if trusting.as_json:
        about = {name: getattr(of, name, None) for name in ("kind", "id", "recovery", "started", "result")}
        write_json({"schema": "portinfra.verdict/1", "good": verdict.good, "told": told, **about})
    else:
        write(told)
    if verdict.good and public is None:
        err().print("Anybody can sign anew with another key. To know that it was yours: --key FILE.pub")
    return Exit.DONE if verdict.good else Exit.FAILED


def _of(document: Document) -> Evidence | None:
    """What was shown; None where it is no evidence, or of a version that this one cannot read."""
    from portinfra.recovery.evidence import evidence_of

    with suppress(PortinfraError):
        return evidence_of(document)
    return None


def _told(verdict: "Verdict", of: Evidence | None) -> str:
    """One line. What was altered is not repeated."""
    if of is None or not verdict.good:
        return verdict.told
    what = f"{of.kind} {of.id} of {of.recovery}, begun {moment(of.started)}, {of.result}"
    return f"Good: {what}. It is as it was signed with key {verdict.fingerprint}."


def _read(file: Path) -> Document:
    from portinfra.recovery.evidence import parsed

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        text = ""
    return parsed(text)
