"""WFDB symbols and their AAMI classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.symbols import AAMI_CLASSES, MAPPINGS, Mapping, class_indices


def slow_index(symbol: str, mapping: Mapping) -> int:
    """Look a symbol up in the table of its class."""
    for k, name in enumerate(AAMI_CLASSES):
        if symbol and symbol in MAPPINGS[mapping][name]:
            return k
    return -1


@pytest.mark.parametrize("mapping", ["literature", "ec57"])
@given(symbols=st.lists(st.sampled_from([*"NLRejBAaSnVErF/fQ?~+[]|x", "", "s3"])))
def test_each_symbol_has_the_class_of_the_table(symbols: list[str], mapping: Mapping) -> None:
    expected = [slow_index(symbol, mapping) for symbol in symbols]
    for given_as in (symbols, iter(symbols), np.array(symbols, dtype=np.str_)):
        found = class_indices(given_as, mapping=mapping)
        assert found.dtype == np.int8
        assert found.tolist() == expected
