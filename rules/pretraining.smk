"""
Pretraining: models that are trained on equal text, whatever their tokenizer, and scored by bits per byte.

READS   results/model/{model}/                                            (folder of the model)
        results/corpus/{corpus}/{split}/{lang}.parquet, results/task/{task}/{split}.parquet
WRITES  results/pretraining/{model}/{arm}/seed-{seed}/model/              (a model as in results/model/)
        results/pretraining/{model}/{arm}/seed-{seed}/steps.parquet, texts.parquet, bits.parquet
        results/pretraining/{model}/base/seed-0/bits.parquet              (the model as it was)
        results/pretraining/bits.parquet, texts.parquet
"""


include: "inputs/pretraining.smk"


rule pretraining_train:
    input:
        script=script("pretraining_train"),
        lib=lib("pretraining_train"),
        model=pretraining_start,
        documents=pretraining_text,
    output:
        config="results/pretraining/{model}/{arm}/seed-{seed}/model/config.json",
        generation="results/pretraining/{model}/{arm}/seed-{seed}/model/generation_config.json",
        weights="results/pretraining/{model}/{arm}/seed-{seed}/model/model.safetensors",
        tokenizer="results/pretraining/{model}/{arm}/seed-{seed}/model/tokenizer.json",
        tokenizer_config="results/pretraining/{model}/{arm}/seed-{seed}/model/tokenizer_config.json",
        files="results/pretraining/{model}/{arm}/seed-{seed}/model/files.parquet",
        steps="results/pretraining/{model}/{arm}/seed-{seed}/steps.parquet",
        texts="results/pretraining/{model}/{arm}/seed-{seed}/texts.parquet",
    log:
        "results/logs/pretraining_train/{model}_{arm}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/pretraining_train/{model}_{arm}_seed-{seed}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(2800),
        runtime=240,
        gpu=0,
    params:
        folder=model_folder,
        recipe=pretraining_recipe,
        reading=pretraining_reading,
        budget=pretraining_budget,
        cell=pretraining_names,
        redraw=redraw_option,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
        checkpoint_every=config["pretraining"]["checkpoint_every"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} \
            --arm {params.recipe:q} \
            --text {params.reading:q} \
            --budget {params.budget:q} \
            --cell {params.cell:q} \
            --seed {wildcards.seed:q} {params.redraw} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --checkpoint-every {params.checkpoint_every:q} \
            --files {output.files:q} \
            --steps {output.steps:q} \
            --texts {output.texts:q} \
            {input.documents:q}
        """


rule pretraining_score:
    input:
        script=script("pretraining_score"),
        lib=lib("pretraining_score", "contracts/pretraining"),
        model=pretraining_outcome,
        documents=scored_documents,
        solutions=scored_solutions,
    output:
        bits="results/pretraining/{model}/{arm}/seed-{seed}/bits.parquet",
    log:
        "results/logs/pretraining_score/{model}_{arm}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/pretraining_score/{model}_{arm}_seed-{seed}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(2000),
        runtime=120,
        gpu=0,
    params:
        folder=model_folder,
        adapter="",
        solutions=solutions_options,
        cell=pretraining_names,
        contract="pretraining",
        characters=config["pretraining"]["characters"],
        documents=config["pretraining"]["scored"]["documents_per_language"],
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.adapter} {params.solutions} \
            --cell {params.cell:q} \
            --contract {params.contract:q} \
            --characters {params.characters:q} \
            --documents-per-language {params.documents:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --bits {output.bits:q} \
            {input.documents:q}
        """


rule pretraining_tabulate:
    input:
        script=script("pretraining_tabulate"),
        lib=lib("pretraining_tabulate"),
        bits=pretrained("bits.parquet"),
        texts=pretrained("texts.parquet"),
    output:
        table="results/pretraining/bits.parquet",
        texts="results/pretraining/texts.parquet",
    log:
        "results/logs/pretraining_tabulate.log",
    benchmark:
        "results/benchmarks/pretraining_tabulate.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        arms=pretraining_arms(),
        read=read_options,
        against=as_json(grid.against(config)),
        resamples=config["pretraining"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --arms {params.arms:q} \
            --against {params.against:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            {input.bits:q} {params.read} \
            --table {output.table:q} \
            --texts {output.texts:q}
        """
