"""Waiting for servers at the start, and no longer than the patience."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from grenier import waiting
from grenier.config import Settings


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("amqp://user:p%40ss@broker:5673/%2F", ("broker", 5673)),
        ("amqp://broker/", ("broker", 5672)),
        ("esdb://127.0.0.1:2113?Tls=false", ("127.0.0.1", 2113)),
        ("esdb://u:p@one:2114,two:2115?Tls=false", ("one", 2114)),
    ],
)
def test_the_place_is_read_from_the_address(address: str, place: tuple[str, int]) -> None:
    assert waiting.first_host(address, 2113) == place


def test_a_server_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        threading.Timer(0.4, listener.listen).start()
        began = time.monotonic()
        waiting.for_servers(Settings(data_dir=tmp_path, esdb_uri=f"esdb://127.0.0.1:{port}?Tls=false"), ("log",), 60.0)
        assert 0.3 < time.monotonic() - began < 30


def test_a_server_that_never_comes_is_named_without_credentials(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        settings = Settings(data_dir=tmp_path, amqp_url=f"amqp://user:hush@127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(waiting.ServerMissing, match="broker at") as missing:
            waiting.for_servers(settings, ("broker",), patience_s=0.2)
    assert "hush" not in str(missing.value)
