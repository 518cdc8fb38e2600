"""Let ``python -m ecgscribe`` be the command ``ecgscribe``."""

from __future__ import annotations

import sys

from ecgscribe.cli.main import main

sys.exit(main())
