"""Keeping desks in step with the server: wire values, the server's feed, the desk's replica and outbox."""
