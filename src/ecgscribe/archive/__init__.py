"""An archive of recordings, annotated on a Dask cluster into a Parquet dataset.

`sources` finds the recordings, `task` is what a worker does with one. `run` is a whole run: it
holds the folder (`dest_folder`), connects to a cluster (`cluster`, `versions`) and hands it the
recordings (`scheduling`, `bundles`). `figures` and `tables` are what is written, `summary` and
`summary_page` say what an archive contains. Only this room imports Dask.
"""
