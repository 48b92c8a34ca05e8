"""Composition roots: the parts are built from settings and wired here, and nowhere else."""
