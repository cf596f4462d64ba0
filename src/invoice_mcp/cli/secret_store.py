"""Where the secrets of a new account are kept: a file each, for its owner alone, or the keyring of the system."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from invoice_mcp.cli.private_file import new_private_file
from invoice_mcp.errors import Conflict, Unsupported
from invoice_mcp.settings.secret import KEYRING_SERVICE

FOLDER: Final = "secrets"
"""Beside the configuration."""

Keep = Callable[[str, str], Mapping[str, str]]
"""Keeps a secret under a name; how the configuration says where it is."""


@contextmanager
def in_files(folder: Path) -> Iterator[Keep]:
    """Files in `folder`; those that were made are gone again when the block ends by an exception.

    Raises:
        Conflict: there is one of this name.
    """
    with ExitStack() as undo:

        def keep(name: str, value: str) -> Mapping[str, str]:
            file = folder / name
            with new_private_file(file) as write:
                write(value)
            undo.callback(_remove, file)
            return {"file": str(file)}

        yield keep
        undo.pop_all()


@contextmanager
def in_keyring() -> Iterator[Keep]:
    """Entries of the system's keyring; those that were made are gone again when the block ends by an exception.

    Raises:
        Unsupported: there is no keyring, or none that can be opened.
        Conflict: there is an entry of this name.
    """
    try:
        import keyring  # an optional extra
        from keyring.errors import KeyringError
    except ImportError:
        raise Unsupported(
            "keyring is not installed.", next="Install invoice-mcp[keyring], or leave --keyring out."
        ) from None
    with ExitStack() as undo:

        def keep(name: str, value: str) -> Mapping[str, str]:
            try:
                if keyring.get_password(KEYRING_SERVICE, name) is not None:
                    raise Conflict(
                        f"The keyring has an entry {name} already, and what is in it may still be good.",
                        next="Give the account another name with --account, or remove that entry first.",
                    )
                keyring.set_password(KEYRING_SERVICE, name, value)
            except KeyringError:
                raise Unsupported("The keyring cannot be opened.", next="Unlock it, or leave --keyring out.") from None
            undo.callback(_forget, keyring.delete_password, name)
            return {"keyring": name}

        yield keep
        undo.pop_all()


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink()


def _forget(delete: Callable[[str, str], None], name: str) -> None:
    from keyring.errors import KeyringError

    with suppress(KeyringError):
        delete(KEYRING_SERVICE, name)
