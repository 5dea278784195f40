"""Tiny models that differ in their tokenizer, and text that they are trained and scored on."""

from lib.contracts.corpus import DOCUMENTS

ARM = {"block": "scratch", "learning_rate": 0.01, "warmup": 2, "weight_decay": 0.1, "clip": 1.0}
LORA = {**ARM, "block": "adapt", "lora": {"rank": 2, "alpha": 4, "targets": "all-linear"}}
TEXT = {"bytes_per_language": {"news": 1000}, "characters": 40, "complete": False}
BUDGET = {"steps": 5, "rows": 4}
CELL = {"model": "nano", "arm": "scratch", "seed": 0, "tokenizer": "few", "base": "shape"}
WORDS = {"eng_Latn": "the cat sat on a mat", "fra_Latn": "le chat était assis", "rus_Cyrl": "кошка сидела"}


def characters():
    """A tokenizer that has no merges, so that every text has more tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={symbol: i for i, symbol in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>")


def write_documents(folder):
    """Documents in three languages, parallel, and of code, at {corpus}/{split}/{lang}.parquet."""
    for split in ("train", "test"):
        for lang, words in WORDS.items():
            rows = [
                {
                    "doc_id": f"{split}-{n:03}",
                    "lang": lang,
                    "domain": "interface",
                    "group_id": f"{split}-{n:03}",
                    "text": f"{n} {words} {split} " * (1 + n % 3),
                    "source": "here",
                }
                for n in range(60)
            ]
            DOCUMENTS.write(rows, folder / "news" / split / f"{lang}.parquet")
        lines = {
            "lang": "zxx_Zyyy",
            "domain": "code",
            "source": "here",
            "text": "".join(f"def {split}_{n}(x): return x + {n}\n" for n in range(40)),
        }
        files = [{**lines, "doc_id": f"{split}-{n}", "group_id": f"{split}-{n}"} for n in range(3)]
        DOCUMENTS.write(files, folder / "python" / split / "zxx_Zyyy.parquet")


def code(root, split="train"):
    return root / "python" / split / "zxx_Zyyy.parquet"


def documents(root, split="train", languages=("eng_Latn", "fra_Latn")):
    return [root / "news" / split / f"{lang}.parquet" for lang in languages]
