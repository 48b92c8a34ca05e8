"""Windows of their own: shown with ``open``, never with a loop inside the loop."""
