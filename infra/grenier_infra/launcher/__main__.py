"""`python -m grenier_infra.launcher up|status|stop|down [--only NAME,NAME] [--plain]`."""

import sys

from grenier_infra.launcher.commands import main

sys.exit(main(sys.argv[1:]))
