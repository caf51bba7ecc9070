"""A declaration without services and delivery has the documents that it had before these existed.

Plans, JSON, user data and HCL are compared byte for byte. Where a change of a document is meant, see
`__main__.py`.
"""

import pytest

from golden import DECLARATIONS, DOCUMENTS, written


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_each_document_is_the_golden_one(declaration):
    documents = written(declaration)
    golden = {path.name for path in DOCUMENTS.glob(f"{declaration.partition('.')[0]}.*")}
    assert documents.keys() == golden
    for name, text in documents.items():
        assert text == (DOCUMENTS / name).read_text(encoding="utf-8"), f"{name} differs"
