"""How much of one mail is looked at; what lies beyond stays in the stored original, and a warning says so.

Every figure is far above what real mail needs and low enough that the worst mail costs well under a second.
"""

from __future__ import annotations

HEADER_BYTES = 512 * 1024
"""Of one header block. Real ones are under 64 kB; a thousand recipients need about 60 kB."""
HEADER_FIELDS = 2_000
"""Fields of one header block. Long Received and ARC chains have about 150."""
FIELD_CHARS = 128 * 1024
"""Of one unfolded field, so that thousands of recipients still fit."""
PARAMETERS = 200
"""Of one Content-Type or Content-Disposition. Real ones have up to 20 (RFC 2231 pieces of a long name)."""
BOUNDARY_CHARS = 998
"""RFC 2046 allows 70; some programs write more, but a line has no more than this."""
DEPTH = 50
"""Multiparts inside each other. Real mail stays under 10; deeper ones are kept unopened as a file."""
PARTS = 1_000
"""Parts that are told apart. What follows stays in the original."""
ATTACHMENTS = 250
"""Files handed on. A person works with few; the rest stays in the original."""
RECIPIENTS = 1_000
"""Addresses kept of one field: nobody answers to more by hand."""
REFERENCES = 100
"""Ids kept of References: the first one and the newest ones lead a thread."""
PREAMBLE_BYTES = 64 * 1024
"""How far the first boundary of a multipart is searched for."""
TEXT_CHARS = 1_000_000
"""Of text kept in a message for reading and searching; a longer one is attached in full."""
TEXT_PARTS = 30
"""Text parts shown one after another; further ones become files."""
GUESS_BYTES = 8 * 1024
"""Given to the guessing of a charset, which is slow; its verdict does not change beyond."""
HTML_CHARS = 3_000_000
"""Of HTML source read at all: real newsletters stay under 500 kB."""
HTML_SHOWN_CHARS = 200_000
"""Of cleaned HTML kept to be shown: layout of more than that stalls a window."""
HTML_DEPTH = 40
"""Elements inside each other; deeper tags are dropped and their text stays."""
HTML_TABLE_DEPTH = 6
"""Tables inside each other: layout time doubles with every level."""
HTML_TAG_CHARS = 20_000
"""Of one tag with its attributes; longer ones lose their attributes. Long links have 2,000."""
HTML_ATTRIBUTES = 60
"""Of one tag: sanitising takes quadratic time in their number."""
UNBROKEN_CHARS = 2_000
"""Of a word without a place to break it: longer ones get breaks."""
IMAGES = 200
"""Pictures of one message; further ones become their alternative text."""
QUOTE_LINES = 20_000
"""Lines of a text searched for the start of its history."""
REPORTS = 100
"""Recipients of one delivery report."""
NAME_CHARS = 200
"""Of a file's name, the extension included."""
NAME_BYTES = 220
"""Of a file's name without its extension, in UTF-8: file systems allow 255 with it."""
SUBJECT_CHARS = 1_000
"""Of a subject."""
DISPLAY_NAME_CHARS = 200
"""Of what a person calls themselves."""
