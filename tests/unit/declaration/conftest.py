"""HCL and Python, written to files and loaded."""

from collections.abc import Callable

import pytest

from portinfra.declaration.load import load
from portinfra.errors import DeclarationError


@pytest.fixture
def load_hcl(tmp_path) -> Callable:
    def read(*texts: str, **variables: str):
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.hcl").write_text(text, encoding="utf-8")
        return load(tmp_path, variables)

    return read


@pytest.fixture
def findings_of(load_hcl) -> Callable:
    """What is wrong with HCL, as (file, line, message with fix)."""

    def read(*texts: str, **variables: str):
        with pytest.raises(DeclarationError) as error:
            load_hcl(*texts, **variables)
        assert error.value.findings
        return [
            (
                finding.location.file.rpartition("/")[2] if finding.location else "",
                finding.location.line if finding.location else 0,
                f"{finding.message}. {finding.fix}",
            )
            for finding in error.value.findings
        ]

    return read
