"""The one file of the gateway that knows the log, the broker and the views: what `create_app` gets in an installation."""

from typing import Any

from grenier.config import Settings


def collaborators(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for `create_app`."""
    from grenier.rpc import RpcClient

    return {"rpc": RpcClient(settings)}
