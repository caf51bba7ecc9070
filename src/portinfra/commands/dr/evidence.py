"""Evidence that is saved and printed, and the commands `dr report` and `dr verify`."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import fields
from typer import Argument, Option

from portinfra.command_text import command_line
from portinfra.commands.dr.options import PlanSelection, recovery_of
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import DeclarationOptions, OutputOptions
from portinfra.commands.output_files import write_file
from portinfra.commands.session import Session
from portinfra.errors import PortinfraError
from portinfra.format import moment
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.model.evidence import Evidence
    from portinfra.model.plain import Document
    from portinfra.recovery.recovery import Recovery
    from portinfra.rollout.evidence import EvidenceStore, Verdict


@frozen
class EvidenceFile:
    """One file of evidence."""

    evidence: Annotated[Path, Argument(metavar="FILE", help="The evidence: a JSON file that a drill wrote.")]


@frozen
class ReportOptions:
    """Where to write the page."""

    out: Annotated[
        Path | None,
        Option("--out", metavar="FILE", help="The page to write. Default: beside the evidence, as .html."),
    ] = None


@frozen
class EvidenceFiles:
    """Files of evidence."""

    evidence: Annotated[
        list[Path], Argument(metavar="FILE...", help="The evidence: JSON files that drills wrote.")
    ]


@frozen
class TrustOptions(DeclarationOptions):
    """What evidence must agree with: a key, or the signers and the ledger of a declaration.

    Without --key, the declaration is the one in this directory.
    """

    key: Annotated[
        Path | None, Option("--key", metavar="FILE", help="The public key that must have signed it.")
    ] = None

    def public(self) -> bytes | None:
        """Return the key that must have signed it. Raises Misuse for a file that cannot be read."""
        try:
            return self.key.read_bytes() if self.key else None
        except OSError as error:
            raise Misuse(f"{self.key} cannot be read: {error.strerror}") from error

    def names_declaration(self, session: Session) -> bool:
        """Return whether a declaration must agree: a given one; without --key, the one in this directory."""
        named = session.declared is not None or self.file is not None
        return named or (self.key is None and any(Path().glob("*.hcl")))

    def recovery(self, session: Session, name: str) -> "Recovery | None":
        """Return the recovery plan of that name; None: no declaration must agree."""
        if not self.names_declaration(session):
            return None
        options = {each.name: getattr(self, each.name) for each in fields(DeclarationOptions)}
        try:
            return recovery_of(session, PlanSelection(name=name, **options))
        except Misuse as error:  # the name comes from the evidence, and not from the command line
            raise PortinfraError(str(error.args[0]), fix=error.fix) from error


def save(
    session: Session, store: "EvidenceStore", recovery: "Recovery", evidence: "Evidence", *, as_json: bool
) -> int:
    """Save the evidence and its report, send the copy that the plan wants, and print the result.

    Return the exit code.
    """
    from portinfra import dr
    from portinfra.recovery.evidence import evidence_document
    from portinfra.render.console.recovery import show_evidence
    from portinfra.render.console.terminal import err, out, write_json
    from portinfra.render.evidence import report_html

    name = f"{evidence.kind}-{evidence.recovery}-{evidence.id}"
    file, document = store.save(name, evidence_document(evidence))
    page = file.with_suffix(".html")
    verifying = command_line("dr", "verify", str(file), "--key", str(store.public_key))
    write_file(page, report_html(document, verifying))
    if as_json:
        write_json(document)
    else:
        show_evidence(evidence, out())
    beside = err() if as_json else out()
    for line in (f"Evidence: {file}", f"Report:   {page}", f"Verify:   {verifying}"):
        beside.print(line)
    try:
        if copy := dr.send_copy(recovery, evidence, file):
            beside.print(f"Copy:     {copy}")
    except PortinfraError as error:
        err().print(f"NO COPY was sent: {error} {error.fix}".rstrip())
        return Exit.FAILED
    return Exit.DONE if evidence.is_accepted else Exit.FAILED


def report(session: Session, paper: EvidenceFile, page: ReportOptions) -> int:
    """Write evidence as an HTML page. Exit code 1: the evidence was altered; the page says so, too."""
    from portinfra.render.console.terminal import err, write
    from portinfra.render.evidence import report_html
    from portinfra.rollout.evidence import verify as verified

    document = _read_document(paper.evidence)
    verdict = verified(document)
    target = page.out or paper.evidence.with_suffix(".html")
    write_file(target, report_html(document, command_line("dr", "verify", str(paper.evidence))))
    write(str(target))
    if not verdict.is_intact:
        err().print(verdict.sentence)
    return Exit.FAILED if verdict.found == "altered" else Exit.DONE


def verify(session: Session, papers: EvidenceFiles, trusting: TrustOptions, shown: OutputOptions) -> int:
    """Verify the signature of each file of evidence. Show what the evidence is about, and who signed it. Exit
    code 1: a file was altered, or neither --key nor the signers of the declaration name its key.
    """
    from portinfra.render.console.terminal import write, write_json

    public, files = trusting.public(), papers.evidence
    recoveries = cache(partial(trusting.recovery, session))

    def examine(file: Path) -> "Document":
        return _examine(file, public, recoveries, has_declaration=trusting.names_declaration(session))

    if len(files) == 1:
        verdicts = [examine(files[0])]
    else:
        verdicts = [{"file": str(file), **_examine_or_say(file, examine)} for file in files]
    if not shown.as_json:
        for each in verdicts:
            sentence = each["told"]
            write(f"{each['file']}: {sentence}" if "file" in each else sentence)
    elif len(files) == 1:
        write_json({"schema": "portinfra.verdict/1", **verdicts[0]})
    else:
        write_json({"schema": "portinfra.verdicts/1", "verdicts": verdicts})
    return Exit.DONE if all(each["good"] for each in verdicts) else Exit.FAILED


def _examine_or_say(file: Path, examine: "Callable[[Path], Document]") -> "Document":
    """Return the verdict about a file. A file that cannot be read is not good, and the others go on."""
    try:
        return examine(file)
    except PortinfraError as error:
        return {"good": False, "told": ". ".join(filter(None, (str(error), error.fix))), **_about(None)}


def _examine(
    file: Path,
    public: bytes | None,
    recoveries: "Callable[[str], Recovery | None]",
    *,
    has_declaration: bool,
) -> "Document":
    """Return the verdict about one file. `recoveries` returns the recovery plan that must agree, by name."""
    from portinfra import dr
    from portinfra.rollout.evidence import verify as verified

    document = _read_document(file)
    of, verdict = _of(document), verified(document, public)
    recovery = recoveries(of.recovery) if of and verdict.is_intact else None
    if recovery:
        verdict = verified(document, public, recovery.plan.signers)
    differs = dr.compare_to_ledger(recovery, of, document) if recovery and of and verdict.good else ""
    if of is None and verdict.good and has_declaration:
        differs = "this version cannot read it as evidence, so no ledger has it"
    good, sentence = verdict.good and not differs, _verdict_line(verdict, of)
    if differs:
        sentence = f"NOT CONFIRMED: {differs}. The signature is good (key {verdict.fingerprint})."
    elif recovery and verdict.good:
        sentence += " The ledger has the same."
    if verdict.found == "unknown signer":
        sentence += " Name the key with --key FILE.pub, or write it into `signers` of the recovery plan."
    return {"good": good, "told": sentence, **_about(of)}


def _about(of: "Evidence | None") -> "Document":
    """Return the run that a file names; None for each attribute without evidence."""
    return {name: getattr(of, name, None) for name in ("kind", "id", "recovery", "started", "result")}


def _of(document: "Document") -> "Evidence | None":
    """Return the evidence of a document; None: it is no evidence, or of an unknown version."""
    from portinfra.recovery.evidence import evidence_of

    with suppress(PortinfraError):
        return evidence_of(document)
    return None


def _verdict_line(verdict: "Verdict", of: "Evidence | None") -> str:
    """Return the verdict as one line. It repeats nothing of a file that was altered."""
    if of is None or not verdict.good:
        return verdict.sentence
    what = f"{of.kind} {of.id} of {of.recovery}, begun {moment(of.started)}, {of.result}"
    return f"Signature valid: {what}. Unchanged since it was signed with key {verdict.fingerprint}."


def _read_document(file: Path) -> "Document":
    from portinfra.recovery.evidence import parse_evidence

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        text = ""
    return parse_evidence(text)
