"""Which day it is, in an account."""

import datetime as dt

from invoice_mcp.clock import Clock, FixedDayClock, SystemClock
from invoice_mcp.settings.model import AccountSettings, Settings


def system_clock(settings: Settings) -> Clock:
    """The machine's clock, on the day that `today` fixes if it does."""
    clock = SystemClock()
    return clock if settings.today is None else FixedDayClock(settings.today, clock)


def account_today(settings: Settings, account: AccountSettings, clock: Clock) -> dt.date:
    """Today's date in the account's time zone, else in the system's; a fixed `today` is the same day everywhere."""
    return settings.today or clock.now().astimezone(account.time_zone).date()
