"""What the bed answers when it refuses."""

from attrs import define

THROTTLED = "RequestLimitExceeded"


@define
class EC2Error(Exception):
    """An error as EC2 answers it: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html."""

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def not_found(code: str, what: str, ids: str) -> EC2Error:
    """The error of ids that are unknown, or that EC2 does not show yet."""
    return EC2Error(code, f"The {what} ID '{ids}' does not exist")


def dependency(what: str, id: str) -> EC2Error:
    """The error of deleting what something else still needs."""
    return EC2Error("DependencyViolation", f"The {what} '{id}' has dependencies and cannot be deleted.")
