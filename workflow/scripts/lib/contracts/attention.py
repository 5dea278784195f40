"""What the attention stage hands on."""

from lib.table import INTEGER, REAL, TEXT, Column, Table

REACH = Table(
    "attention reach",
    {
        "model": Column(TEXT, "model"),
        "arm": Column(TEXT, "arm of the adapter; base for none"),
        "round": Column(INTEGER, "self-improvement round; 0 for none"),
        "corpus": Column(TEXT, "corpus that was read"),
        "domain": Column(TEXT, "translation, maths, code, or any domain of a corpus"),
        "lang": Column(TEXT, "language, or source>target for translation"),
        "layer": Column(INTEGER, "layer, from 0"),
        "head": Column(INTEGER, "query head, from 0"),
        "unit": Column(TEXT, "token or char (code point); sinks are tokens"),
        "statistic": Column(
            TEXT,
            "reach (mean distance of attention, without sinks), null_reach (that of attention spread evenly "
            "over the same keys, equal for all heads of a layer), sink_share (share of attention on "
            "sinks), or sink_keys (sinks per window, equal for all heads of a layer)",
        ),
        "value": Column(REAL, "distance in the unit, share, or number"),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over windows"),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over windows"),
        "n_docs": Column(INTEGER, "windows; no group of documents is in two of them"),
    },
    key=("model", "arm", "round", "corpus", "domain", "lang", "layer", "head", "unit", "statistic"),
)
