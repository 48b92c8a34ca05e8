"""Lines of plain text: line ends, ``format=flowed`` (RFC 3676)."""

from __future__ import annotations


def normal_lines(text: str) -> str:
    """Return ``text`` with LF as the only line end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def unflow(text: str, delete_space: bool) -> str:
    """Return flowed text with its paragraphs on one line each (RFC 3676 section 4).

    ``delete_space`` is the parameter ``DelSp=yes``, used for languages without spaces. Lines of different
    quoting depth are never joined, and the signature separator ends a paragraph.
    """
    paragraphs: list[list[str]] = []
    depth_before = -1
    flows = False
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # stuffed by the sender
        if flows and depth == depth_before and content != "-- ":
            paragraphs[-1].append(content)
        else:
            paragraphs.append([">" * depth + " " + content if depth else content])
        flows = content.endswith(" ") and content != "-- "
        if flows and delete_space:
            paragraphs[-1][-1] = paragraphs[-1][-1][:-1]
        depth_before = depth
    return "\n".join("".join(paragraph) for paragraph in paragraphs)
