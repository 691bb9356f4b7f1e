"""What the workers of the page server count together needs room on the disk: taken when the file is made, and when it grows."""

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


MANY = COUNT.replace(
    "print(",
    """
many = Counter("many", "x", ["of"])
for number in range(int(sys.argv[2])):
    many.labels(f"grain-{number}-" + "x" * 3000).inc(number)
    if number == 60:
        FULL_NOW
many.labels("grain-7-" + "x" * 3000).inc()
print(""",
)


def counted(folder: Path, fault: str = "pass") -> str:
    """300 series with long names: more than a file has room for when it is made."""
    words = [sys.executable, "-c", MANY.replace("FULL_NOW", fault), str(folder), "300"]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_file_that_grows_has_its_room_before_it_is_written(tmp_path: Path) -> None:
    told = counted(tmp_path)
    assert 'kept_total{of="grain"} 3.0' in told
    assert f'many_total{{of="grain-299-{"x" * 3000}"}} 299.0' in told
    assert f'many_total{{of="grain-7-{"x" * 3000}"}} 8.0' in told
    [found] = [file.stat() for file in tmp_path.glob("counter_*.db")]
    assert found.st_size > 1 << 19
    assert found.st_blocks * 512 >= found.st_size


def test_a_file_that_cannot_grow_goes_on_in_memory_and_what_stands_in_it_can_be_read(tmp_path: Path) -> None:
    fault = "import os; os.posix_fallocate = lambda *_: (_ for _ in ()).throw(OSError(28, 'No space left on device'))"
    told = counted(tmp_path, fault)
    assert 'kept_total{of="grain"} 3.0' in told
    assert f'many_total{{of="grain-90-{"x" * 3000}"}} 90.0' in told
    assert "grain-299-" not in told, "others are told what stood there when the room ran out"
    [found] = [file.stat() for file in tmp_path.glob("counter_*.db")]
    assert found.st_blocks * 512 >= found.st_size == 1 << 19
