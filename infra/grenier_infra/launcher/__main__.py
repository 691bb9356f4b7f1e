"""`python -m grenier_infra.launcher up|status|stop|down|restart|backup|restore`."""

import sys

from grenier_infra.launcher.commands import main

sys.exit(main(sys.argv[1:]))
