"""A copy of evidence on an rclone remote to which this machine can add files."""

from pathlib import Path

from portinfra.errors import ProviderError
from portinfra.model.evidence import Evidence
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.rclone import Rclone, path_in
from portinfra.validation.arguments import check_arguments


@check_arguments
def send_copy(recovery: Recovery, evidence: Evidence, file: Path) -> str:
    """Send a file of evidence to the remote of the plan. Return its path; empty: the plan has no remote.

    Its name there begins with the number of the run. An existing file is never replaced. Raises
    ProviderError.
    """
    copy, vault = recovery.plan.evidence, recovery.plan.vault
    if copy is None:
        return ""
    configuration = copy.configuration or (vault.sender if vault else "")
    host_key = vault.host_key if vault and not copy.configuration else ""
    rclone = Rclone(Path(configuration).expanduser(), host_key)
    name = f"{evidence.number:05}-{file.name}"
    target = path_in(copy.remote, name)
    if name in rclone.ask("lsf", "--files-only", copy.remote, none_is="").splitlines():
        raise ProviderError(f"{target} exists already", fix=f"Compare it with {file}.")
    rclone.ask("rcat", target, given=file.read_text(encoding="utf-8"))
    return target
