"""What a call works with: the accounts and the write protocol, opened at first use, closed together."""

from invoice_mcp.clock import Clock
from invoice_mcp.service.accounts import Accounts
from invoice_mcp.settings import Settings
from invoice_mcp.writes.protocol import Writer


class Services:
    """Everything the tools share. Building it reads, opens and asks nothing."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.accounts = Accounts(settings, clock)
        self.writer = Writer()

    async def close(self) -> None:
        """Let go of files and connections; idempotent."""
        await self.accounts.close()
