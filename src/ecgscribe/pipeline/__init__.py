"""One recording, from its samples to annotated beats."""
