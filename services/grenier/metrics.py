"""What every process counts, in one place, so that dashboards and alert rules can be checked against it.

Labels are bounded: services, commands, event types, views, outcomes. Never a person, a household or a stream.
"""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

CONFLICTS = Counter(
    "grenier_append_conflicts_total", "Appends refused because the stream had moved on, then tried again"
)
RPC_SECONDS = Histogram(
    "grenier_rpc_duration_seconds", "Calls from the gateway to services", ["service", "outcome"], buckets=SECONDS
)

VIEW_POSITION = Gauge(
    "grenier_view_position", "Log position up to which the views stand", ["service"], multiprocess_mode="mostrecent"
)
PARKED = Gauge(
    "grenier_parked_events",
    "Events a view could not apply, waiting for an operator",
    ["service"],
    multiprocess_mode="mostrecent",
)

VIEW_LAG_EVENTS = Gauge("grenier_view_lag_events", "Events that the views have still to take in (200: or more; all of them, as far as one can tell, while views are filled)", ["service"], multiprocess_mode="mostrecent")  # fmt: skip
VIEW_LAG_SECONDS = Gauge(
    "grenier_view_lag_seconds",
    "Age of the oldest event not yet taken in; while views are filled, for how long",
    ["service"],
    multiprocess_mode="mostrecent",
)
MAIL_WAITING = Gauge("grenier_mail_waiting", "Mails that wait to be sent", multiprocess_mode="mostrecent")
DISK_FREE = Gauge("grenier_disk_free_bytes", "Room left on the disk of the data folder", multiprocess_mode="mostrecent")
COMPONENT_WELL = Gauge("grenier_component_well", "1 while a part of the installation is well, 0 when it is named on the health page", ["component"], multiprocess_mode="mostrecent")  # fmt: skip

FEED_PUBLISHED = Counter("grenier_feed_published_total", "Public events published and confirmed")
FEED_LAG = Gauge(
    "grenier_feed_lag_events", "Log positions not yet published to the public feed", multiprocess_mode="mostrecent"
)
MAIL_SENT = Counter("grenier_mail_sent_total", "Mails handed to the mail server", ["outcome"])
DEAD_LETTERS = Counter("grenier_dead_letters_total", "Messages given up and kept aside", ["queue"])

HTTP_SECONDS = Histogram(
    "grenier_http_duration_seconds", "Answers of the gateway", ["endpoint", "method", "status"], buckets=SECONDS
)
SSE_CLIENTS = Gauge("grenier_sse_clients", "Screens connected to the event stream", multiprocess_mode="livesum")

PROCESS_READY = Gauge(
    "grenier_process_ready", "1 when the readiness checks of this process pass", multiprocess_mode="mostrecent"
)


def exposition() -> bytes:
    """What /metrics answers: the text form, content type `CONTENT_TYPE`."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    # Several workers of one process: what each has counted, added up.
    together = CollectorRegistry()
    MultiProcessCollector(together)
    return generate_latest(together)


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
