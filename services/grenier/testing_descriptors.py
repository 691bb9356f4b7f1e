"""pytest plugin: what tests have left open is closed now and then, so that a long run stays below a machine's limit of files."""

import gc
import os

MANY = 300
_module = ""


def pytest_runtest_logfinish(nodeid: str, location: tuple[str, int | None, str]) -> None:
    """Databases and sockets of houses that nobody holds any more wait in cycles for the collector; at the end of a file."""
    global _module
    module, _, _ = nodeid.partition("::")
    if module != _module and len(os.listdir("/proc/self/fd")) > MANY:
        gc.collect()
    _module = module
