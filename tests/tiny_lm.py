"""Tiny random language models with a byte-level tokenizer, made in the test that needs them."""

from pathlib import Path

WORDS = "the cat sat on a mat and saw what it was for"


def byte_tokenizer(bos=False):
    """A byte-level BPE with all bytes and a few merges; with ``bos``, one that puts <s> in front."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=280,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([WORDS], trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )


SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.5,  # large, so that attention is far from even
}

# Models with layers that know no mask: a convolution, and a recurrent state.
HYBRIDS = {
    "lfm2": {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False},
    "qwen3_5_text": {
        "layer_types": ["linear_attention", "full_attention"],
        "head_dim": 8,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    },
}


def random_model(kind, **settings):
    """A random model of one of transformers' kinds, like llama, in evaluation mode."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **(settings or SMALL))
    return AutoModelForCausalLM.from_config(config).eval()


def save_model(folder: Path) -> Path:
    """A folder as the model stage writes it: a tiny random Llama and its tokenizer."""
    random_model("llama").save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder
