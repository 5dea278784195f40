"""What the model stage hands on, beside the model folder itself."""

from lib.table import INTEGER, TEXT, Column, Table

FILES = Table(
    "model files",
    {
        "model": Column(TEXT, "name of the model in the config"),
        "file": Column(TEXT, "file in the model's folder"),
        "bytes": Column(INTEGER, "size in bytes"),
        "sha256": Column(TEXT, "hash of the content"),
        "source": Column(TEXT, "where the model was taken from, with revision or hash"),
        "parameters": Column(INTEGER, "parameters of the whole model, tied ones once"),
    },
    key=("file",),
)
