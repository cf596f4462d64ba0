"""What a call works with: the accounts, and the writes under way or waiting; opened at first use, closed together."""

from invoice_mcp.clock import Clock
from invoice_mcp.service.accounts import Accounts
from invoice_mcp.service.admissions import Admissions
from invoice_mcp.service.asking import PATIENCE, Patience
from invoice_mcp.service.audit import Audit
from invoice_mcp.service.confirming import Pending
from invoice_mcp.service.snapshots import Snapshots
from invoice_mcp.settings import Settings
from invoice_mcp.storage.engine import Database
from invoice_mcp.storage.state_schema import APPLICATION_ID, MIGRATIONS
from invoice_mcp.writes.journal import Journal
from invoice_mcp.writes.protocol import Turns


class Services:
    """Everything the tools share. Building it reads, opens and asks nothing. `patience` is that of searches."""

    def __init__(self, settings: Settings, clock: Clock, patience: Patience = PATIENCE) -> None:
        self.settings = settings
        self.clock = clock
        self.state_file = settings.state_dir / "state.db"
        self.state = Database(self.state_file, migrations=MIGRATIONS, application_id=APPLICATION_ID)
        self.pending = Pending(self.state, clock)
        self.audit = Audit(self.state, clock)
        self.journal = Journal(self.state, clock)
        self.accounts = Accounts(settings, clock, self.journal)
        self.admissions = Admissions(self.state, clock)
        self.turns = Turns()
        self.snapshots = Snapshots(self.state, clock)
        self.patience = patience

    async def close(self) -> None:
        """Let go of files and connections; idempotent."""
        await self.accounts.close()
        await self.state.close()
