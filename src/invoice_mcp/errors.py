"""The error tree: everything that can go wrong and that a caller can do something about.

Each class is one code of the public contract. `message` says what was wrong in one sentence, `next` what to do
now. Neither may carry a secret, a path, a vendor's body or text taken from an invoice.
"""

from typing import Any, ClassVar


class InvoiceError(Exception):
    """Base of all anticipated failures; anything else that is raised is a defect in this program."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        next: str,
        field: str | None = None,
        candidates: list[dict[str, Any]] | None = None,
        retry_after_s: int | None = None,
        operation: str | None = None,
        confirmation: str | None = None,
        preview: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next = next
        self.field = field
        self.candidates = candidates
        self.retry_after_s = retry_after_s
        self.operation = operation
        self.confirmation = confirmation
        self.preview = preview

    def as_dict(self) -> dict[str, Any]:
        """The JSON object a caller receives: `{"error": {"code": …, "message": …, "next": …}}`."""
        body: dict[str, Any] = {"code": self.code, "message": self.message, "next": self.next}
        if self.retryable:
            body["retryable"] = True
        for name in ("retry_after_s", "field", "candidates", "operation", "confirmation", "preview"):
            value = getattr(self, name)
            if value is not None:
                body[name] = value
        return {"error": body}


class InvalidRequest(InvoiceError):
    """The arguments cannot be carried out as given."""

    code = "invalid_request"


class NotFound(InvoiceError):
    """There is no such invoice, buyer, payment or operation in the account."""

    code = "not_found"


class Ambiguous(InvoiceError):
    """Several things match; `candidates` lists them."""

    code = "ambiguous"


class Unsupported(InvoiceError):
    """The account's system cannot do this."""

    code = "unsupported"


class Conflict(InvoiceError):
    """The invoice is not in a state that allows this, or it changed meanwhile."""

    code = "conflict"


class DuplicateSuspected(InvoiceError):
    """The same write, or one that looks like it, was done before."""

    code = "duplicate_suspected"


class Unauthorized(InvoiceError):
    """The vendor does not accept the account's credentials."""

    code = "unauthorized"


class RateLimited(InvoiceError):
    """A vendor's limit, or the account's `writes_per_minute`, is reached."""

    code = "rate_limited"
    retryable = True


class ReadOnly(InvoiceError):
    """The account's `mode` forbids writing."""

    code = "read_only"


class PolicyRefused(InvoiceError):
    """A setting of the account refuses; the message names it."""

    code = "policy_refused"


class ConfirmationRequired(InvoiceError):
    """A person has to agree first; `confirmation` is the token to come back with."""

    code = "confirmation_required"


class Declined(InvoiceError):
    """The person who was asked said no, or did not answer."""

    code = "declined"


class VendorRefused(InvoiceError):
    """The vendor understood and refused."""

    code = "vendor_refused"


class VendorUnavailable(InvoiceError):
    """The vendor could not be reached or is out of order."""

    code = "vendor_unavailable"
    retryable = True


class VendorContract(InvoiceError):
    """The vendor answered something its documents do not promise."""

    code = "vendor_contract"


class TooLarge(InvoiceError):
    """A request or an answer is larger than is handled."""

    code = "too_large"


class DeadlineExceeded(InvoiceError):
    """The time for the call ran out before anything was written."""

    code = "deadline"
    retryable = True


class OutcomeUnknown(InvoiceError):
    """A write may or may not have happened; it is not sent again blindly."""

    code = "outcome_unknown"


class StorageFailed(InvoiceError):
    """The local database cannot be read or written."""

    code = "storage"


def all_errors() -> tuple[type[InvoiceError], ...]:
    """Every class of the tree, in the order of the contract."""
    return tuple(InvoiceError.__subclasses__())
