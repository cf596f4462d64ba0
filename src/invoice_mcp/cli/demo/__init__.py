"""`invoice-mcp demo`: a month of invoicing and a day with six systems, by a real server and a real client."""

import shutil
import tempfile
from pathlib import Path

import click

from invoice_mcp.cli.options import config_option


@click.command("demo")
@config_option
@click.option("--keep", is_flag=True, help="Keep the folder with the ledger, to look around in it.")
def command(keep: bool) -> None:
    """Play a month of a freelancer's invoicing, and a day with six systems.

    A ledger in a temporary folder, doubles of five vendors on this machine, a server on stdio and a client: nothing of
    yours is read or written, and no configuration counts but the demo's own. The exit code is 1 when a step is not
    answered as told.
    """
    import anyio

    from invoice_mcp.cli.demo import farewell
    from invoice_mcp.cli.demo.stage import OutOfScript, Stage
    from invoice_mcp.cli.demo.story import play
    from invoice_mcp.server.client import ServerFailedError

    folder = Path(tempfile.mkdtemp(prefix="invoice-mcp-demo-"))
    stage = Stage(folder)
    try:
        anyio.run(play, stage)
        stage.screen.heading("That was it")
        (farewell.kept if keep else farewell.deleted)(stage)
        farewell.go_on(stage)
    except (OutOfScript, ServerFailedError) as error:
        raise click.ClickException(f"the demo did not go as told: {error}") from None
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
