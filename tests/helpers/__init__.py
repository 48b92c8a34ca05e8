"""What the tests stand on: real servers, waiting without sleeping, and a watch for what is left behind."""
