"""Words of questions that have two answers; apart, so that judging an answer needs no model.

Words of either answer, in lower case, by verifier; the first is the answer as normalised.
"""

WORDS = {"yes-no": (("yes", "true"), ("no", "false"))}
