"""Web pages that write to the desk: the server's side of ``docs/chat-protocol.md``."""
