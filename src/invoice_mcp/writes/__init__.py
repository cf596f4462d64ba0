"""The write protocol: every write of every backend goes through here, once."""
