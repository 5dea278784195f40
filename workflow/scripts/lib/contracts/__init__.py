"""The tables that stages hand on, with types and units of their columns: one module per stage.

What models write in evaluation, branches, has a module apart from what is made of them.
"""
