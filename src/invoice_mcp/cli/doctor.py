"""`invoice-mcp doctor`: does everything that is configured work, and where is what kept?"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from invoice_mcp import __version__
from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured, json_option
from invoice_mcp.cli.running import with_services

STATES: Final = {
    "ok": "ok",
    "new": "new",
    "no_adapter": "not usable",
    "unsettled": "UNSETTLED",
    "broken": "BROKEN",
}
EXIT_BROKEN: Final = 1
EXIT_UNSETTLED: Final = 3

_EXPLAINED: Final = {
    "new": "not there yet; it is made when it is first needed",
    "no_adapter": "this version has no adapter for this system",
}


@click.command("doctor")
@config_option
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check that all that is configured works.

    That is every account, the databases, the writes on record and the mail. Each vendor is asked one harmless thing;
    nothing is sent and nothing is made. The exit code is 1 when something is broken, and 3 when nothing is, but a
    person has to say what became of a write.
    """
    from invoice_mcp.cli.checkup import examine
    from invoice_mcp.settings import find_config

    settings = configured(context)
    file = find_config(context.find_root().obj)
    found = with_services(settings, examine)
    report = {"version": __version__, "configuration": None if file is None else str(file), **found}
    if as_json:
        terminal.print_json(report)
    else:
        _print(report)
    if not report["ok"]:
        context.exit(EXIT_BROKEN)
    if report["operations"]["state"] == "unsettled":
        context.exit(EXIT_UNSETTLED)


def _print(report: Mapping[str, Any]) -> None:
    click.echo(f"invoice-mcp {report['version']}")
    click.echo(f"configuration: {report['configuration'] or 'none, so there is one account, ledger'}")
    found = list(_findings(report))
    rows = [(name, STATES[each["state"]], "\n".join([*_told(each), *lines])) for name, each, lines in found]
    terminal.print_table(("Checked", "State", "Found"), rows)
    broken = [name for name, each, _ in found if each["state"] == "broken"]
    click.echo(f"Broken: {', '.join(broken)}." if broken else "Nothing is broken.")


def _findings(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], list[str]]]:
    """Each thing that was looked at: its name, what was found, and that in lines for a person."""
    for account in report["accounts"]:
        yield f"account {account['name']}", account, _about_account(account)
    state, operations = report["state_database"], report["operations"]
    mail, outbox = report["mail"], report["outbox"]
    yield "state database", state, _about_file(state)
    yield "operations", operations, _about_operations(operations)
    yield "mail", mail, _about_mail(mail)
    yield "outbox", outbox, _about_outbox(outbox)


def _told(finding: Mapping[str, Any]) -> list[str]:
    """What there is to say about a state that is not `ok`."""
    if finding["state"] in ("broken", "unsettled"):
        return [finding["problem"], finding["next"]]
    return [_EXPLAINED[finding["state"]]] if finding["state"] in _EXPLAINED else []


def _about_account(account: Mapping[str, Any]) -> list[str]:
    missing = account.get("missing_seller_keys")
    sending = [f"sends nothing before seller has: {', '.join(missing)}"] if missing else []
    tools = ", ".join(tool.partition("_")[0] for tool in account["tools"]) or "nothing"
    support = account.get("capabilities", {})
    never = [tool.partition("_")[0] for tool, each in support.items() if each["level"] == "unsupported"]
    lacking = [f"its system cannot: {', '.join(never)}"] if never else []
    budget = [
        f"{each['requests_left']} of {each['of']} requests left, per {each['seconds']} s"
        for each in account.get("budget", ())
    ]
    return [
        f"{account['backend']}, {account['mode']}, may: {tools}",
        *lacking,
        *_about_file(account),
        *budget,
        *sending,
    ]


def _about_file(finding: Mapping[str, Any]) -> list[str]:
    facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in finding.get("facts", {}).items())
    return [line for line in (finding.get("file"), facts) if line]


def _about_operations(operations: Mapping[str, Any]) -> list[str]:
    if "unknown" not in operations:
        return []
    return [f"{operations['unknown']} of unknown outcome, {operations['under_way']} under way"]


def _about_mail(mail: Mapping[str, Any]) -> list[str]:
    if mail.get("by") == "smtp":
        return [f"by {mail['server']} ({mail['security']}), from {mail['from']}"]
    return ["no mail server is configured; mail waits in the outbox"] if mail.get("by") else []


def _about_outbox(outbox: Mapping[str, Any]) -> list[str]:
    return [
        outbox["folder"],
        *([f"{outbox['waiting']} waiting, {outbox['unknown']} unknown"] if "waiting" in outbox else []),
    ]
