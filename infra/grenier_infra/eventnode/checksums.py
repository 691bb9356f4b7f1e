"""Every event carries a checksum of its stored answer and of where it belongs; whoever reads it checks it first.

SQLite's pages have no checksums: a bit that flipped on the disk would otherwise be sent on as if it had been written so.
A damaged event is never sent; the reader is refused with DATA_LOSS, and everything before it is still served. CRC-32 finds
every flip of up to 32 bits in a row, and costs about half a microsecond for an event.
"""

from __future__ import annotations

from zlib import crc32


class Damaged(Exception):
    """The event at this position is not what was written."""

    def __init__(self, position: int) -> None:
        """Take the position of its row."""
        super().__init__(f"the event at position {position} does not match its checksum")
        self.position = position


def checksum(position: int, stream: int, revision: int, type_id: int, frame: bytes) -> int:
    """Give the checksum of an event's row."""
    return crc32(frame, (position + 31 * stream + 13 * revision + 17 * type_id) & 0xFFFFFFFF)


def check(position: int, stream: int, revision: int, type_id: int, frame: bytes, stored: int) -> bytes:
    """Give the frame. Errors: Damaged."""
    if checksum(position, stream, revision, type_id, frame) != stored:
        raise Damaged(position)
    return frame
