"""Run by each Python that a test starts: its workers know the store, too."""

import fsspec

fsspec.register_implementation("odd", "odd_store.OddStore")
