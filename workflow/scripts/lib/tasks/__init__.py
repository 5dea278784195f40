"""Kinds of tasks: each module yields the items of one split.

A module has one function ``items(task, split, seed, documents)`` that yields :class:`Item` for as
long as there are any; the caller takes what it needs.
"""
