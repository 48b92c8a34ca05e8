"""The parts of the window. They know the desk's port and nothing below it."""
