"""The command line: `invoice-mcp` alone serves on stdio; each command is a module of this package."""

import importlib
import io
import keyword
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from invoice_mcp import __version__
from invoice_mcp.cli.options import config_option
from invoice_mcp.errors import InvoiceError
from invoice_mcp.settings import ConfigError

PROGRAM: Final = "invoice-mcp"

COMMANDS: Final = (
    "serve",
    "demo",
    "sandbox",
    "setup",
    "call",
    "accounts",
    "phases",
    "doctor",
    "buyers",
    "outbox",
    "operations",
    "audit",
    "import",
    "export",
    "schemas",
    "next-token",
)
"""In the order of the help. The command `x-y` is `command` in the module `invoice_mcp.cli.x_y`, `x_` for a keyword."""

EXIT_FAILED: Final = 1
EXIT_CONFIGURATION: Final = 2
EXIT_INTERRUPTED: Final = 130


class Commands(click.Group):
    """The commands by name; the module of one is imported when that one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All of them, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, if there is one."""
        return _command(cmd_name) if cmd_name in COMMANDS else None


def _command(name: str) -> click.Command:
    module = f"{name}_" if keyword.iskeyword(name) else name.replace("-", "_")
    command: click.Command = importlib.import_module(f"invoice_mcp.cli.{module}").command
    return command


@click.group(
    PROGRAM,
    cls=Commands,
    invoke_without_command=True,
    epilog="Without a command: serve.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@config_option
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def program(context: click.Context) -> None:
    """Sales invoices for AI assistants, over every system you keep them in."""
    if context.invoked_subcommand is None:
        context.invoke(_command("serve"))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (`sys.argv` unless `arguments` are given) and exit with its code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # None where it was closed before we started
        sys.stdout.reconfigure(errors="replace")  # a name that the terminal has no letters for is no failure
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of a command line. What is expected to go wrong is said on stderr, without a traceback."""
    try:
        # Not standalone: click would answer an interrupt with code 1. `main` returns the code given to `exit`.
        code: int | None = program.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        if sys.stdout is not None:  # None where it was closed before we started
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except ConfigError as error:
        return _failed(EXIT_CONFIGURATION, str(error))
    except InvoiceError as error:
        return _failed(EXIT_FAILED, error.message, error.next)
    except OSError as error:
        # What stdout did not take has to go somewhere when the interpreter flushes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read it has left and needs no word
            return EXIT_FAILED
        return _failed(EXIT_FAILED, f"{error.filename or 'output'}: {error.strerror}")
    return code or 0


def _failed(code: int, *lines: str) -> int:
    click.echo(f"{PROGRAM}: " + "\n".join(lines), err=True)
    return code
