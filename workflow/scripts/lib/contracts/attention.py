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
        "unit": Column(TEXT, "token or char"),
        "statistic": Column(TEXT, "reach (sink-excluded mean distance), sink_share, null_reach, ..."),
        "value": Column(REAL, "value, in units for distances, a share for shares"),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over documents"),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over documents"),
        "n_docs": Column(INTEGER, "documents (windows of equal length)"),
    },
    key=("model", "arm", "round", "corpus", "domain", "lang", "layer", "head", "unit", "statistic"),
)
