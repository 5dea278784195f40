"""Questions that have two answers, each by its words; apart, so that judging an answer needs no model.

Words of either answer, in lower case, by verifier; the first is the answer as normalised.
"""

WORDS = {"yes-no": (("yes", "true"), ("no", "false")), "even-odd": (("even",), ("odd",))}
