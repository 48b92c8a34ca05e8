"""Reads: functions that give frozen rows, paged by key. The rows know no database."""
