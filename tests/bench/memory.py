"""P18: what a replay needs in memory, in a process of its own; and a bare dict with the same balances, same imports.

    python -m tests.bench.memory replay|dict <folder of settings> <service>

Prints {"events", "start_mb", "half_mb", "end_mb", "peak_mb"} (resident, megabytes).
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from grenier.log.memory import MemoryLog
from grenier.mirror import MirrorFile, mirror_path
from grenier.runtime import load_service
from grenier.shadow import Shadow
from tests.bench.limits import add
from tests.bench.lived_log import reads_of
from tests.replaying import settings_of


def resident_mb(line: str = "VmRSS") -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{line}:")[2].split()[0]) / 1024


class Meter:
    """Notes the memory at half of the events."""

    def __init__(self, expected: int) -> None:
        self.events = 0
        self.half_mb = 0.0
        self._expected = expected

    def __call__(self, events: int, position: int) -> None:
        del position
        self.events += events
        if not self.half_mb and self.events >= self._expected / 2:
            self.half_mb = resident_mb()


def main(kind: str, folder: str, name: str) -> None:
    settings, service = settings_of(Path(folder)), load_service(name)
    mirror = MirrorFile.found(mirror_path(settings.data_dir, name), reads_of(service))
    assert mirror is not None
    meter, start_mb = Meter(mirror.count()), resident_mb()
    if kind == "replay":
        shadow = Shadow(service, settings, service.all_views, purpose="memory")
        shadow.fill(mirror, MemoryLog(), told=meter)
        end_mb = resident_mb()
        shadow.drop()
    else:
        balances: dict[str, int] = defaultdict(int)
        for body in _bodies(mirror, meter):
            add(balances, body)
        end_mb = resident_mb()
    found = {"events": meter.events, "start_mb": start_mb, "half_mb": meter.half_mb, "end_mb": end_mb,
             "peak_mb": resident_mb("VmHWM")}  # fmt: skip
    sys.stdout.write(json.dumps(found))


def _bodies(mirror: MirrorFile, meter: Meter) -> Iterator[dict]:  # type: ignore[type-arg]
    for page, reach in mirror.pages():
        for event in page:
            yield msgspec.json.decode(event.data)
        meter(len(page), reach)


if __name__ == "__main__":
    main(*sys.argv[1:])
