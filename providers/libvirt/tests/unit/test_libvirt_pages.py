"""The pages about libvirt quote what portinfra prints."""

import re
from pathlib import Path

import pytest
from printed_texts import PrintedTexts

import portinfra_libvirt
from portinfra import planning

pytestmark = pytest.mark.slow

PAGES = Path(__file__).parents[4] / "docs" / "providers"
PRINTED = PrintedTexts(*(Path(each.__file__).parent for each in (planning, portinfra_libvirt)))


@pytest.mark.parametrize("page", ["libvirt-nat.md", "libvirt-repair.md"])
def test_each_quoted_message_is_one_that_portinfra_prints(page):
    text = (PAGES / page).read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith(("| `", "| of a "))]
    messages = [message for cell in cells for message in re.findall(r"`([^`]+)`", cell) if " " in message]
    assert len(messages) > 1
    assert [message for message in messages if not PRINTED.has(message)] == []
