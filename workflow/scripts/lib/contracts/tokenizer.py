"""What the tokenizer stage hands on."""

from lib.table import INTEGER, REAL, TEXT, Column, Table

_READ = {
    "lang": Column(TEXT, "language of the mix"),
    "n_docs": Column(INTEGER, "training documents of the language"),
    "n_characters": Column(INTEGER, "their characters"),
    "n_characters_wanted": Column(INTEGER, "characters as often as the mix repeats them"),
    "n_characters_read": Column(
        INTEGER, "characters read; fewer than wanted where tokenizer.max_bytes made it a sample"
    ),
    "share": Column(REAL, "share of all characters read"),
}

MIXED = Table("mixed text", _READ, key=("lang",))

MERGES = Table(
    "merges",
    {
        "rank": Column(INTEGER, "order of the merge, from 0"),
        "left": Column(TEXT, "left piece, in the byte-level alphabet of Radford et al. 2019"),
        "right": Column(TEXT, "right piece"),
    },
    key=("rank",),
)

TRAINING = Table(
    "tokenizer training",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "family": Column(TEXT, "bpe, unigram, bytebpe, or wordpiece"),
        "vocab_size": Column(INTEGER, "pieces in the vocabulary, special tokens included"),
        "mix": Column(TEXT, "language mix"),
        "sha256": Column(TEXT, "hash of tokenizer.json"),
        **_READ,
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

IDENTITY = {
    "tokenizer": Column(TEXT, "name of the tokenizer"),
    "family": Column(TEXT, "bpe, unigram, bytebpe, wordpiece, or pretrained"),
    "vocab_size": Column(INTEGER, "pieces in the vocabulary, special tokens included"),
    "mix": Column(TEXT, "language mix that it was trained on; null for pretrained", null=True),
}

METRICS = Table(
    "tokenizer metrics",
    {
        **IDENTITY,
        "corpus": Column(TEXT, "corpus that was measured"),
        "lang": Column(TEXT, "language that was measured"),
        "metric": Column(TEXT, "name of the metric, as in the modules of lib/tokenizer"),
        "value": Column(REAL, "value; null where the metric would be meaningless", null=True),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over documents", null=True),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over documents", null=True),
        "n_docs": Column(INTEGER, "documents; of gini the groups of parallel ones"),
        "n_words": Column(INTEGER, "words found by the segmenter; null where no words were used", null=True),
        "segmenter": Column(TEXT, "word segmenter and version; null where no words were used", null=True),
    },
    key=("tokenizer", "corpus", "lang", "metric"),
)

LENGTHS = Table(
    "tokens of documents",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "corpus": Column(TEXT, "corpus that was measured"),
        "lang": Column(TEXT, "language of the document"),
        "doc_id": Column(TEXT, "the document"),
        "tokens": Column(INTEGER, "tokens that it is made of"),
        "bytes": Column(INTEGER, "its bytes in UTF-8"),
    },
    key=("tokenizer", "corpus", "lang", "doc_id"),
)

LORENZ = Table(
    "lorenz",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "corpus": Column(TEXT, "corpus that was measured"),
        "lang": Column(TEXT, "language"),
        "tokens": Column(INTEGER, "tokens of what all languages of the corpus say"),
        "share_of_languages": Column(REAL, "share of languages that need as many or fewer"),
        "share_of_tokens": Column(REAL, "what these take of the tokens of all languages"),
        "n_groups": Column(INTEGER, "groups of parallel documents that all languages have"),
    },
    key=("tokenizer", "corpus", "lang"),
)

COMPARISONS = Table(
    "tokenizer comparisons",
    {
        "tokenizer": Column(TEXT, "name of the tokenizer"),
        "baseline": Column(TEXT, "name of the tokenizer that it is compared with"),
        "corpus": Column(TEXT, "corpus that was measured"),
        "lang": Column(TEXT, "language that was measured"),
        "tokens": Column(INTEGER, "tokens of all documents"),
        "baseline_tokens": Column(INTEGER, "tokens of the same documents by the baseline"),
        "value": Column(REAL, "normalised sequence length: tokens over the baseline's"),
        "ci_low": Column(REAL, "lower end of the 95 % paired bootstrap interval over documents"),
        "ci_high": Column(REAL, "upper end of the 95 % paired bootstrap interval over documents"),
        "n_docs": Column(INTEGER, "documents"),
    },
    key=("tokenizer", "baseline", "corpus", "lang"),
)

VOCABULARY = Table(
    "tokenizer vocabulary",
    {
        **IDENTITY,
        "part": Column(
            TEXT,
            "script of whole tokens by ISO 15924 (Jpan: Han with kana), or mixed (scripts), digits, "
            "punctuation, whitespace, bytes (parts of characters, byte fallback), special",
        ),
        "tokens": Column(INTEGER, "tokens of the vocabulary"),
        "share": Column(REAL, "share of the vocabulary"),
    },
    key=("tokenizer", "part"),
)

PROBES = Table(
    "tokenizer probes",
    {
        **IDENTITY,
        "probe": Column(TEXT, "what is split, as in lib/tokenizer/probes.py"),
        "pieces": Column(REAL, "mean number of pieces"),
        "commonest": Column(TEXT, "the most frequent split, as lengths of the pieces, like 1+3"),
        "commonest_share": Column(REAL, "share of the probes that are split so"),
        "n": Column(INTEGER, "probes"),
    },
    key=("tokenizer", "probe"),
)

MORPHS = Table(
    "morph boundaries",
    {
        **IDENTITY,
        "lang": Column(TEXT, "language of the gold segmentations"),
        "metric": Column(TEXT, "precision, recall, or f1 of boundaries, as in lib/tokenizer/morphology.py"),
        "value": Column(REAL, "value; null where there is no boundary to judge", null=True),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over words", null=True),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over words", null=True),
        "n_words": Column(INTEGER, "words"),
        "n_boundaries": Column(INTEGER, "their morph boundaries"),
        "n_left_out": Column(INTEGER, "words left out because their morphs do not spell them"),
    },
    key=("tokenizer", "lang", "metric"),
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
