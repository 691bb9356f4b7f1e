"""``python -m grenier_infra.eventnode``."""

import sys

from grenier_infra.eventnode.cli import main

sys.exit(main())
