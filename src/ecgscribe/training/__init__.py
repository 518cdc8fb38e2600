"""From examples to a model file; only this and `ecgscribe.model.network` import Keras."""
