"""A little text in several scripts, for tests that train tokenizers on the spot."""

SENTENCES = {
    "eng_Latn": [
        "The cat sat on the mat.",
        "The dog sat on the log.",
        "A cat and a dog saw the mat and the log.",
    ],
    "jpn_Jpan": ["猫がマットに座った。", "犬が丸太に座った。", "猫と犬がマットと丸太を見た。"],
    "tam_Taml": ["பூனை பாயில் அமர்ந்தது.", "நாய் மரத்தில் அமர்ந்தது.", "பூனையும் நாயும் பாயையும் மரத்தையும் பார்த்தன."],
    "rus_Cyrl": ["Кот сел на коврик.", "Пёс сел на бревно.", "Кот и пёс увидели коврик и бревно."],
}


def texts(lang=None):
    """Sentences of one language, or of all."""
    return [text for key, found in SENTENCES.items() if lang in (None, key) for text in found]


def write_corpus(folder, split="train", repeats=1):
    """Documents of the sentences, one file per language, parallel by position; returns the files."""
    from lib.contracts.corpus import DOCUMENTS

    paths = []
    for lang, sentences in SENTENCES.items():
        rows = [
            {
                "doc_id": f"{lang}-{copy}-{n}",
                "lang": lang,
                "domain": "test",
                "group_id": f"{copy}-{n}",
                "text": text,
                "source": "test",
            }
            for copy in range(repeats)
            for n, text in enumerate(sentences)
        ]
        paths.append(folder / split / f"{lang}.parquet")
        DOCUMENTS.write(rows, paths[-1])
    return paths
