"""The database: tables, sessions, search, blobs. Only this floor knows how SQLite and PostgreSQL differ."""
