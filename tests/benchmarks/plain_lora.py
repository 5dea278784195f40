"""LoRA as a user of PEFT writes it: what the benchmarks of training compare with.

Example:
    python tests/benchmarks/plain_lora.py --model results/model/smollm2-135m-q4_1 --dtype bfloat16 --rank 8 \
        --steps 50 --seed 0 --output out rows.jsonl

READS   a model folder; examples, an object with prompt and target a line, in the order of training
WRITES  the adapter folder (PEFT), and in it steps.json: loss and wall seconds of each step

A batch is padded to its longest row, the loss is over the targets, the model attends by torch's
scaled_dot_product_attention; AdamW, clipping, and a cosine after a linear warm-up. The adapter is in
float32, also beside a model in bfloat16, as PEFT has it.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import DataLoader
from transformers import AutoModelForCausalLM, AutoTokenizer, logging


def main() -> None:
    """Train, and save the adapter."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--clip", type=float, default=1.0)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("examples", type=Path)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=getattr(torch, options.dtype))
    torch.manual_seed(options.seed)
    config = LoraConfig(
        r=options.rank, lora_alpha=options.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model = get_peft_model(model, config).train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=options.learning_rate, weight_decay=0.0)

    def rate(step: int) -> float:
        if step < options.warmup:
            return (step + 1) / options.warmup
        return 0.5 * (1 + math.cos(math.pi * (step - options.warmup) / (options.steps - options.warmup)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)

    def batch(examples: list[dict[str, str]]) -> dict[str, torch.Tensor]:
        prompts = tokenizer([one["prompt"] for one in examples])["input_ids"]
        targets = tokenizer([one["target"] + tokenizer.eos_token for one in examples])["input_ids"]
        rows = [prompt + target for prompt, target in zip(prompts, targets, strict=True)]
        padded = tokenizer.pad({"input_ids": rows}, padding_side="right", return_tensors="pt")
        labels = padded["input_ids"].masked_fill(padded["attention_mask"] == 0, -100)
        for line, prompt in zip(labels, prompts, strict=True):
            line[: len(prompt)] = -100
        return {**padded, "labels": labels}

    with options.examples.open(encoding="utf-8") as file:
        examples = [json.loads(line) for line in file][: options.steps * options.rows]
    steps = []
    start = time.perf_counter()
    for read in DataLoader(examples, batch_size=options.rows, collate_fn=batch):
        loss = model(**read).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, options.clip)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        steps.append({"loss": loss.item(), "seconds": time.perf_counter() - start})
        start = time.perf_counter()
    model.save_pretrained(options.output)
    (options.output / "steps.json").write_text(json.dumps(steps))


if __name__ == "__main__":
    main()
