"""From YSuite's contacts to buyers. Pure."""

from invoice_mcp.backends.ysuite.wire import Contact
from invoice_mcp.domain.invoice import Party


def from_vendor_contact(contact: Contact) -> Party:
    """The buyer. The address comes from YSuite's own records, which vouch for it."""
    named = contact.cstname.strip() or nameless(contact.cstid).name
    return Party(name=named, id=contact.cstid, email=(contact.cstemail or "").strip() or None)


def nameless(contact_id: str) -> Party:
    """A buyer of whom the id is all that is known, and who is called by it."""
    return Party(name=f"contact {contact_id}", id=contact_id)
