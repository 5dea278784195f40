"""The tables that stages hand on, with types and units of their columns: one module per stage.

Evaluation and self-improvement share theirs: branches, answers, selected, scores. They are apart so that a
new column in what is reported reruns no model.
"""
