"""Train a model, from recordings to a model file.

Only this folder and `ecgscribe.model.network` import Keras. `train` is the whole procedure. The
other modules follow the data: recordings (`data`, `examples`), windows of them (`batches`,
`augmentation`, `rhythm_augmentation`, `resequencing`, `noise_only`), the trunk (`trunk`, `losses`),
the beat head (`beat_tables`, `beat_head`), what is chosen on unseen patients (`cross_fitting`,
`thresholds`) and the files (`run_folder`, `export`).
"""
