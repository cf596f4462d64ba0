"""Running one piece of work on the services, as the server would, and letting go of them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from invoice_mcp.settings import Settings, system_clock

if TYPE_CHECKING:
    from invoice_mcp.service.app import Services

T = TypeVar("T")


def with_services(settings: Settings, work: "Callable[[Services], Awaitable[T]]") -> T:
    """What `work` returns. Files it opened are closed, also when it raises."""
    import anyio

    from invoice_mcp.service.app import Services

    async def run() -> T:
        services = Services(settings, system_clock(settings))
        try:
            return await work(services)
        finally:
            await services.close()

    return anyio.run(run)
