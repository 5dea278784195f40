"""What the model stage hands on, beside the model folder itself."""

from lib.table import INTEGER, TEXT, Column, Table

FILES = Table(
    "model files",
    {
        "model": Column(TEXT, "name of the model in the config"),
        "file": Column(TEXT, "file in the model's folder"),
        "bytes": Column(INTEGER, "size in bytes"),
        "sha256": Column(TEXT, "hash of the content"),
        "source": Column(
            TEXT, "what it was made from: a file, a folder, id@revision on the hub, or base and tokenizer"
        ),
        "parameters": Column(INTEGER, "parameters of the whole model, tied ones once"),
    },
    key=("file",),
)
