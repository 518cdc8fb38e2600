"""An archive of recordings, annotated on a Dask cluster into a Parquet dataset.

`sources` finds the recordings, `task` is what a worker does with one, `run` hands them out,
`figures` and `tables` are what is written, `summary` and `summary_page` say what an archive
contains. Only this room imports Dask.
"""
