"""The private RabbitMQ node of an installation: own name, ports, folder, cookie, users and epmd.

It runs Debian's programs as the present user, without the service that Debian starts, and reads nothing of /etc/rabbitmq.
Small memory: one scheduler, no busy waiting, no plugins, and a path without those that are not used (`broker_home`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from grenier.config import LOCAL, Settings
from grenier_infra.launcher import broker_home, broker_users
from grenier_infra.launcher.secrets import write_private

# Not the wrapper in /usr/sbin, which insists on changing to the user "rabbitmq" when it is run by root.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# A request or an answer has some kilobytes; what is larger than this is refused by the node itself.
LARGEST_MESSAGE_BYTES = 16_000_000
# Below this the broker takes no messages at all. Well below what the log keeps free: who may still read needs the broker.
LEAST_ROOM_BYTES = 8_000_000

CONFIG = """\
listeners.tcp.1 = {address}:{port}
num_acceptors.tcp = 2
load_definitions = {definitions}
max_message_size = {largest}
vm_memory_high_watermark.absolute = 400MB
disk_free_limit.absolute = {least_room}
collect_statistics_interval = 60000
log.console = true
log.console.level = warning
log.console.use_colors = off
log.connection.level = error
log.file = false
"""

# The only scheduler is not bound to a processor: a busy neighbour there would hold it up while another processor idles.
ERLANG_FLAGS = (
    "+sbwt none +sbwtdcpu none +sbwtdio none +stbt u +S 1:1 +SDio 1 +A 4 +P 65536 +Q 8192 "
    "-kernel inet_dist_use_interface {127,0,0,1}"
)


def program() -> Path | None:
    """The server's start script, or None when RabbitMQ is not installed."""
    if PROGRAM.exists():
        return PROGRAM
    found = shutil.which("rabbitmq-server")
    return Path(found) if found else None


def write_files(settings: Settings, password: str, processes: Iterable[str] = ()) -> None:
    """Configuration of the node and its users; written at every start, so that changed ports and processes take effect."""
    folder = settings.data_dir / "broker"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    definitions = folder / "definitions.json"
    write_private(definitions, broker_users.definitions(processes, password))
    text = CONFIG.format(
        address=LOCAL,
        port=settings.amqp_port,
        definitions=definitions,
        largest=LARGEST_MESSAGE_BYTES,
        least_room=LEAST_ROOM_BYTES,
    )
    write_private(folder / "rabbitmq.conf", text)
    (folder / "enabled_plugins").write_text("[].\n")
    if (server := program()) is not None:
        broker_home.furnish(server, folder / "home")


def environment(settings: Settings) -> dict[str, str]:
    """Everything the node and its epmd need to stay among themselves."""
    folder = settings.data_dir / "broker"
    return {
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin",
        "ERL_EPMD_PORT": str(settings.epmd_port),
        "ERL_EPMD_ADDRESS": LOCAL,
        "ERL_CRASH_DUMP_SECONDS": "0",
        # The name says nothing of the port: it is part of the data folder's layout and must survive a change of ports.
        "RABBITMQ_NODENAME": "grenier@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": LOCAL,
        "RABBITMQ_NODE_PORT": str(settings.amqp_port),
        "RABBITMQ_DIST_PORT": str(settings.broker_dist_port),
        **broker_home.environment(folder / "home"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_FLAGS,
        # The start script then becomes the node instead of watching over it: signals reach it directly.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
