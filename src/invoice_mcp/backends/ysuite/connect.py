"""From the configuration to a YSuite account."""

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.mailing import Post
from invoice_mcp.backends.ysuite.api import Api
from invoice_mcp.backends.ysuite.backend import YSuiteBackend
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.names import Names
from invoice_mcp.domain.invoice import Party
from invoice_mcp.mail.delivery import configured_mailer
from invoice_mcp.mail.outcome import OUTBOX
from invoice_mcp.net import ApiClient, Limits, Origin, SecretHeader, StaticHeaders
from invoice_mcp.settings import BACKENDS, AccountSettings, YSuiteOptions


def connect(account: AccountSettings, around: Surroundings) -> YSuiteBackend:
    """The organisation of `account`. Nothing is opened or asked until the first call. No limit is documented.

    Raises:
        ConfigError: `base_url` is not one to call.
    """
    options = account.options
    assert isinstance(options, YSuiteOptions)
    assert account.base_url is not None
    assert account.currency is not None
    origin = Origin.parse(
        account.base_url,
        key=f"accounts.{account.name}.base_url",
        vendor_hosts=BACKENDS["ysuite"].hosts,
        allow_custom_host=account.allow_custom_host,
    )
    keys = [
        SecretHeader("x-ysuite-access-key", options.access_key),
        SecretHeader("x-ysuite-secret-key", options.secret_key),
    ]
    client = ApiClient(
        origin,
        StaticHeaders(keys, account=account.name),
        Limits([], around.clock),
        account=account.name,
        timeout_s=account.timeout_s,
        clock=around.clock,
    )
    api = Api(client, account.name)
    desk = Desk(
        account=account.name,
        api=api,
        names=Names(api, around.clock),
        clock=around.clock,
        today=around.today,
        reminded=around.reminded,
        currency=account.currency,
        template_id=options.template_id,
        item_id=options.item_id,
        post=_post(account, options, around),
        scan_pages=around.scan_pages,
        zone=account.time_zone,
    )
    return YSuiteBackend(desk)


def _post(account: AccountSettings, options: YSuiteOptions, around: Surroundings) -> Post | None:
    sender = around.mail.sender
    if sender is None:
        return None
    named = sender.partition("<")[0].strip() or account.label or sender
    return Post(
        mailer=configured_mailer(around.mail, otherwise=sender, state_dir=around.state_dir),
        outbox=around.state_dir / OUTBOX,
        seller=options.seller or Party(name=named),
        language=options.language,
        min_reminder_days=account.policy.min_reminder_days,
        zone=account.time_zone,
        clock=around.clock,
    )
