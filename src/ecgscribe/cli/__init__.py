"""The command ``ecgscribe``: one module per command, what they share in the others."""
