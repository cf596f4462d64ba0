"""What a caller is told when a call to a vendor fails: the account by name, never an address, header or body."""

from dataclasses import dataclass

from invoice_mcp.errors import (
    DeadlineExceeded,
    PolicyRefused,
    RateLimited,
    TooLarge,
    Unauthorized,
    VendorContract,
    VendorUnavailable,
)


@dataclass(frozen=True, slots=True)
class Complaints:
    """The errors of one account."""

    account: str

    def secret_missing(self, key: str) -> Unauthorized:
        return Unauthorized(
            f"The secret {key} of account {self.account} is missing or cannot be used.",
            next=f"Ask the user to set {key}; invoice-mcp doctor says what is wrong with it.",
        )

    def unauthorized(self) -> Unauthorized:
        return Unauthorized(
            f"The system behind account {self.account} does not accept its credentials, or they do not allow this.",
            next="Ask the user to check the account's secrets and what they allow; invoice-mcp doctor tests them.",
        )

    def rate_limited(self, retry_after_s: int | None) -> RateLimited:
        when = "in a minute" if retry_after_s is None else f"in {retry_after_s} seconds"
        return RateLimited(
            f"The system behind account {self.account} takes no more requests for now; this one was not carried out.",
            next=f"Try again {when}, and ask for less at a time.",
            retry_after_s=retry_after_s,
        )

    def unreachable(self) -> VendorUnavailable:
        return VendorUnavailable(
            f"The system behind account {self.account} cannot be reached; nothing was sent.",
            next="Try again in a minute; if it stays so, have the user run invoice-mcp doctor.",
        )

    def no_answer(self) -> VendorUnavailable:
        return VendorUnavailable(
            f"The system behind account {self.account} did not answer properly.",
            next="Try again in a minute; reading again does no harm.",
        )

    def out_of_order(self, retry_after_s: int | None) -> VendorUnavailable:
        return VendorUnavailable(
            f"The system behind account {self.account} is out of order.",
            next="Try again in a few minutes.",
            retry_after_s=retry_after_s,
        )

    def late(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"The time for the call to account {self.account} ran out before anything was written.",
            next="Try again, or ask for less at a time; timeout_s of the account sets the time.",
        )

    def private_address(self) -> PolicyRefused:
        return PolicyRefused(
            f"The host of account {self.account} leads to an address that is not public, so it is not called.",
            next="Ask the user to check base_url of the account and the name service of this machine.",
        )

    def redirected(self) -> VendorContract:
        return VendorContract(
            f"The system behind account {self.account} points to another address; that is not followed.",
            next="Ask the user to check base_url of the account.",
        )

    def unreadable(self) -> VendorContract:
        return VendorContract(
            f"The system behind account {self.account} answered with something that is not the JSON it promises.",
            next="Ask the user to check base_url of the account with invoice-mcp doctor; trying again seldom helps.",
        )

    def foreign_link(self) -> VendorContract:
        return VendorContract(
            f"The system behind account {self.account} gave a page link that leads elsewhere; it is not followed.",
            next="Narrow the search down to one page; have the user check base_url of the account.",
        )

    def too_large(self) -> TooLarge:
        return TooLarge(
            f"The answer of the system behind account {self.account} is larger than is read.",
            next="Ask for less at a time: a smaller limit, or a narrower filter.",
        )
