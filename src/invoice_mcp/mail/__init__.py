"""Letters to buyers: what they say, the e-mails that carry them, and how those leave the building."""
