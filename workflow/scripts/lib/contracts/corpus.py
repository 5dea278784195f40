"""What the corpus stage hands on."""

from lib.table import TEXT, Column, Table

DOCUMENTS = Table(
    "documents",
    {
        "doc_id": Column(TEXT, "identifier, unique within corpus, split and language"),
        "lang": Column(TEXT, "ISO 639-3 language and ISO 15924 script, like jpn_Jpan"),
        "domain": Column(TEXT, "kind of text: interface, code, maths, ..."),
        "group_id": Column(TEXT, "what is parallel to what: documents of one group say the same thing"),
        "text": Column(TEXT, "the document"),
        "source": Column(
            TEXT, "where it was taken from: archive and member, or file, or dataset and revision"
        ),
    },
    key=("doc_id",),
)
