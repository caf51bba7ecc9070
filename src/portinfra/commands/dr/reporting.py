"""Evidence that is kept and shown; `dr report` and `dr verify`."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import frozen
from typer import Argument, Option

from portinfra.commands.dr.options import Which, recovery_of
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import Shown
from portinfra.commands.session import Session
from portinfra.commands.writing import write_file
from portinfra.errors import PortinfraError
from portinfra.model.evidence import Evidence
from portinfra.model.plain import Document
from portinfra.words import moment

if TYPE_CHECKING:
    from portinfra.recovery.recovery import Recovery
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
    """Whom to believe: a key, or the signers and the ledger of a declaration."""

    key: Annotated[
        Path | None, Option("--key", metavar="FILE", help="The public key that must have signed it.")
    ] = None
    file: Annotated[
        Path | None,
        Option(
            "--file",
            "-f",
            metavar="PATH",
            help="The declaration, whose signers and ledger must agree; here by default, without --key.",
        ),
    ] = None
    source_on: Annotated[
        str | None, Option("--source-on", metavar="LOCATION", help="As for the run that wrote it.")
    ] = None
    target_on: Annotated[
        str | None, Option("--target-on", metavar="LOCATION", help="As for the run that wrote it.")
    ] = None
    variables: Annotated[
        list[str] | None, Option("--var", metavar="NAME=VALUE", help="A value for a variable of HCL.")
    ] = None
    var_files: Annotated[
        list[Path] | None,
        Option("--var-file", metavar="PATH", help="A file of values for variables of HCL; repeatable."),
    ] = None

    def public(self) -> bytes | None:
        """Return the key that must have signed it. Raises Misuse for a file that cannot be read."""
        try:
            return self.key.read_bytes() if self.key else None
        except OSError as error:
            raise Misuse(f"{self.key} cannot be read: {error.strerror}") from error

    def names_declaration(self, session: Session) -> bool:
        """Return whether a declaration must agree: one that is given; without --key, one that is here."""
        named = session.declared is not None or self.file is not None
        return named or (self.key is None and any(Path().glob("*.hcl")))

    def recovery(self, session: Session, name: str) -> "Recovery | None":
        """Return the recovery plan of that name; None where no declaration is meant."""
        if not self.names_declaration(session):
            return None
        file = self.file
        where = Which(name, file or Path(), self.source_on, self.target_on, self.variables, self.var_files)
        try:
            return recovery_of(session, where)
        except Misuse as error:  # the name is the evidence's, and not of the command line
            raise PortinfraError(str(error.args[0]), fix=error.fix) from error


def hand_in(
    session: Session, store: "EvidenceStore", recovery: "Recovery", evidence: Evidence, *, as_json: bool
) -> int:
    """Keep the evidence with its report, send the copy that the plan wants, and show how it ended."""
    from portinfra import dr
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
    try:
        if copy := dr.send_copy(recovery, evidence, file):
            beside.print(f"Copy:     {copy}")
    except PortinfraError as error:
        err().print(f"NO COPY was sent: {error} {error.fix}".rstrip())
        return Exit.FAILED
    return Exit.DONE if evidence.accepted else Exit.FAILED


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
    if not verdict.is_intact:
        err().print(verdict.told)
    return Exit.FAILED if verdict.found == "altered" else Exit.DONE


def verify(session: Session, paper: Paper, trusting: Trusting) -> int:
    """Tell what a file is evidence of, and whether it is as it was signed, and by whom. Ends with 1 where it
    is not, or where neither --key nor the signers of the declaration name its key.
    """
    from portinfra import dr
    from portinfra.render.console.terminal import write, write_json
    from portinfra.rollout.evidence import verify as verified

    public, document = trusting.public(), _read(paper.evidence)
    of, verdict = _of(document), verified(document, public)
    recovery = trusting.recovery(session, of.recovery) if of and verdict.is_intact else None
    if recovery:
        verdict = verified(document, public, recovery.plan.signers)
    differs = dr.compare_to_ledger(recovery, of, document) if recovery and of and verdict.good else ""
    if of is None and verdict.good and trusting.names_declaration(session):
        differs = "it is no evidence that this version can read, so no ledger has it"
    good, told = verdict.good and not differs, _told(verdict, of)
    if differs:
        told = f"NOT CONFIRMED: {differs}. The signature is good (key {verdict.fingerprint})."
    elif recovery and verdict.good:
        told += " The ledger has the same."
    if verdict.found == "unknown signer":
        told += " Name the key with --key FILE.pub, or write it into `signers` of the recovery plan."
    if trusting.as_json:
        about = {name: getattr(of, name, None) for name in ("kind", "id", "recovery", "started", "result")}
        write_json({"schema": "portinfra.verdict/1", "good": good, "told": told, **about})
    else:
        write(told)
    return Exit.DONE if good else Exit.FAILED


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
