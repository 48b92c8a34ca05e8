"""What a transcript is made of: one widget per kind of entry, and the safe showing of mail."""
