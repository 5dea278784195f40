"""The tables that stages hand on: one module per stage, columns with types and units."""
