"""What the workers of the page server count together needs room on the disk: it is taken when the file is made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COUNT = """
import sys
from pathlib import Path
from grenier import page_server
page_server.counting_together(Path(sys.argv[1]))
from prometheus_client import Counter
Counter("kept", "x", ["of"]).labels("grain").inc(3)
from grenier.metrics import exposition
print(exposition().decode())
"""


def test_the_counts_have_their_room_before_they_are_written(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", COUNT, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert 'kept_total{of="grain"} 3.0' in told
    found = [file.stat() for file in tmp_path.glob("counter_*.db")]
    assert found
    # A file with holes has fewer blocks than bytes: writing into a hole of a full disk kills the process.
    assert all(one.st_blocks * 512 >= one.st_size > 0 for one in found)


FULL = """
import errno, os
def none_left(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
os.posix_fallocate = none_left
"""


def test_without_room_the_counts_stay_in_memory_and_the_process_goes_on(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", FULL + COUNT, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    # An empty file of counts cannot be read: it would take the figures of all others with it.
    assert list(tmp_path.iterdir()) == []
