"""Mails that break programs, each with what must come out of it.

The cases are built by readable expressions, grouped by what they attack: :mod:`fields`, :mod:`people`,
:mod:`texts`, :mod:`files`, :mod:`pages`, :mod:`machines`, :mod:`bombs`. Codes like S13 name the list of bad
input that the project keeps.
"""
