"""Painters of rows: everything they need is made once and kept, nothing is created while painting."""
