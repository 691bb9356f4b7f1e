"""The vocabulary: every fact that the log can hold, by owner. See docs/reference for the generated table."""

from grenier.language import (
    contracts,
    exchange,
    keeping,
    ledger,
    logistics,
    matching,
    notify,
    orders,
    parcels,
    season,
    sharing,
)
from grenier.language.registry import (
    ENTRIES,
    Event,
    Part,
    UnknownEvent,
    check_upcasts,
    decode,
    encode,
    name_of,
    public_body,
    version_of,
)

check_upcasts()

__all__ = [
    "ENTRIES",
    "Event",
    "Part",
    "UnknownEvent",
    "contracts",
    "decode",
    "encode",
    "exchange",
    "keeping",
    "ledger",
    "logistics",
    "matching",
    "name_of",
    "notify",
    "orders",
    "parcels",
    "public_body",
    "season",
    "sharing",
    "version_of",
]
