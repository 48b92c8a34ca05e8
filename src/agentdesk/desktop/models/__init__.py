"""Qt models: ids in memory, rows fetched when they are looked at."""
