"""What the tokenizer stage hands on."""

from lib.table import INTEGER, REAL, TEXT, Column, Table

TRAINING = Table(
    "tokenizer training",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "family": Column(TEXT, "bpe, unigram, or bytebpe"),
        "vocab_size": Column(INTEGER, "pieces in the vocabulary, special tokens included"),
        "mix": Column(TEXT, "language mix"),
        "sha256": Column(TEXT, "hash of tokenizer.json"),
        "lang": Column(TEXT, "language of the mix"),
        "n_docs": Column(INTEGER, "training documents of the language"),
        "n_characters": Column(INTEGER, "their characters"),
        "n_characters_read": Column(INTEGER, "characters read, as often as the mix repeats them"),
        "share": Column(REAL, "share of all characters read"),
    },
    key=("tokenizer", "lang"),
)

IMPORTED = Table(
    "imported tokenizer",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "source": Column(TEXT, "file that it was taken from, and where that was"),
        "form": Column(TEXT, "how it was published: tokenizer.json, sentencepiece, tiktoken, or tekken"),
        "source_sha256": Column(TEXT, "hash of that file; null where tiktoken fetched it", null=True),
        "sha256": Column(TEXT, "hash of tokenizer.json"),
        "vocab_size": Column(INTEGER, "pieces in the vocabulary, special tokens included"),
        "n_compared": Column(
            INTEGER, "hard texts encoded by its own library too; null where that is tokenizers", null=True
        ),
        "n_differing": Column(INTEGER, "those of them that get other ids", null=True),
    },
    key=("tokenizer",),
)

METRICS = Table(
    "tokenizer metrics",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "family": Column(TEXT, "bpe, unigram, bytebpe, or pretrained"),
        "vocab_size": Column(INTEGER, "pieces in the vocabulary, special tokens included"),
        "mix": Column(TEXT, "language mix that it was trained on; null for pretrained", null=True),
        "corpus": Column(TEXT, "corpus that was measured"),
        "lang": Column(TEXT, "language that was measured"),
        "metric": Column(TEXT, "name of the metric, as in lib/tokenizer_metrics.py"),
        "value": Column(REAL, "value; null where the metric would be meaningless", null=True),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over documents", null=True),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over documents", null=True),
        "n_docs": Column(INTEGER, "documents"),
        "n_words": Column(INTEGER, "words found by the segmenter; null where no words were used", null=True),
        "segmenter": Column(TEXT, "word segmenter and version; null where no words were used", null=True),
    },
    key=("tokenizer", "corpus", "lang", "metric"),
)

ZIPF = Table(
    "zipf",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "corpus": Column(TEXT, "corpus that was measured"),
        "lang": Column(TEXT, "language that was measured"),
        "rank": Column(INTEGER, "rank of a token by frequency, log-spaced, at most 256 ranks"),
        "frequency": Column(REAL, "share of all tokens that the token of this rank takes"),
        "alpha_1": Column(REAL, "exponent up to the knee; null when the sample is too small", null=True),
        "alpha_2": Column(REAL, "exponent beyond the knee", null=True),
        "knee": Column(REAL, "rank at which the regimes meet", null=True),
        "delta_bic": Column(REAL, "BIC of one regime minus BIC of two; positive favours two", null=True),
    },
    key=("tokenizer", "corpus", "lang", "rank"),
)
