"""Every write is a command: a small value, a check of authority, one transaction, what changed."""
