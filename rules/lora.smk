"""
LoRA Rank Sweeper: one adapter per model x task x arm x seed.

READS   results/model/{model}/                                   (folder of the base model)
        results/task/{task}/train.parquet, dev.parquet
        results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/   (of an arm that lies under another one)
WRITES  results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/   (or why there is none)
        results/lora/{model}/{task}/{arm}/seed-{seed}/steps.parquet, cost.parquet
        results/lora/{model}/{task}/{arm}/tuning.parquet         (of an arm whose learning rate is tuned)
        results/lora/costs.parquet, arms.parquet, tuning.parquet, memory.parquet
        results/lora/{model}/{task}/{arm}/memory.parquet
"""


include: "inputs/lora.smk"


if workflow.is_main_process and not workflow.output_settings.dryrun:
    write_plan(config["lora"]["pack"], planned_cells())


rule lora_tune:
    input:
        script=script("lora_tune"),
        lib=lib("lora_tune"),
        model="results/model/{model}/files.parquet",
        questions="results/task/{task}/train.parquet",
        dev="results/task/{task}/dev.parquet",
        under=tuning_lower_adapter,
    output:
        table="results/lora/{model}/{task}/{arm}/tuning.parquet",
    log:
        "results/logs/lora_tune/{model}_{task}_{arm}.log",
    benchmark:
        "results/benchmarks/lora_tune/{model}_{task}_{arm}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=adapter_memory,
        runtime=240,
        gpu=0,
    params:
        folder=model_folder,
        below=under_option,
        arm=arm_settings,
        budget=tuning_budget,
        search=tuning_search,
        cell=tuning_names,
        chat=chat_option,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
        checkpoint_every=config["lora"]["checkpoint_every"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.chat} \
            --arm {params.arm:q} \
            --budget {params.budget:q} \
            --search {params.search:q} \
            --cell {params.cell:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --checkpoint-every {params.checkpoint_every:q} \
            --dev {input.dev:q} {params.below} \
            --table {output.table:q} \
            {input.questions:q}
        """


rule lora_train:
    input:
        script=script("lora_train"),
        lib=lib("lora_train"),
        model="results/model/{model}/files.parquet",
        questions="results/task/{task}/train.parquet",
        under=lower_adapter,
        tuning=cell_tuning,
    output:
        settings="results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/adapter_config.json",
        weights="results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/adapter_model.safetensors",
        steps="results/lora/{model}/{task}/{arm}/seed-{seed}/steps.parquet",
        cost="results/lora/{model}/{task}/{arm}/seed-{seed}/cost.parquet",
    log:
        "results/logs/lora_train/{model}_{task}_{arm}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/lora_train/{model}_{task}_{arm}_seed-{seed}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=adapter_memory,
        runtime=240,
        gpu=0,
    params:
        folder=model_folder,
        adapter=adapter_folder,
        options=training_options,
        arm=arm_settings,
        budget=task_budget,
        cell=cell_names,
        chat=chat_option,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
        checkpoint_every=config["lora"]["checkpoint_every"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.chat} \
            --arm {params.arm:q} \
            --budget {params.budget:q} \
            --cell {params.cell:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --checkpoint-every {params.checkpoint_every:q} \
            --adapter {params.adapter:q} {params.options} \
            --steps {output.steps:q} \
            --cost {output.cost:q} \
            {input.questions:q}
        """


# What it measures would not be the arm's own if other jobs ran beside it: it takes all cores, though it
# computes with as many threads as any other step.
rule lora_probe:
    input:
        script=script("lora_probe"),
        lib=lib("lora_probe"),
        model="results/model/{model}/files.parquet",
        questions="results/task/{task}/train.parquet",
        under=probed_under,
        tuning=cell_tuning,
    output:
        memory="results/lora/{model}/{task}/{arm}/memory.parquet",
    log:
        "results/logs/lora_probe/{model}_{task}_{arm}.log",
    benchmark:
        "results/benchmarks/lora_probe/{model}_{task}_{arm}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: whole_machine
    resources:
        mem_mb=adapter_memory,
        runtime=60,
        gpu=0,
    params:
        folder=model_folder,
        options=arm_options,
        arm=arm_settings,
        budget=task_budget,
        decoding=probed_decoding,
        cell=probed_names,
        chat=chat_option,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.chat} \
            --arm {params.arm:q} \
            --budget {params.budget:q} \
            --decoding {params.decoding:q} \
            --cell {params.cell:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --items {input.questions:q} {params.options} \
            --memory {output.memory:q}
        """


rule lora_costs:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/lora"),
        parts=trained("cost.parquet"),
    output:
        table="results/lora/costs.parquet",
    log:
        "results/logs/lora_costs.log",
    benchmark:
        "results/benchmarks/lora_costs.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --table lora.COSTS \
            {input.parts:q} \
            --output {output.table:q}
        """


rule lora_tuning:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/lora"),
        parts=tunings(),
    output:
        table="results/lora/tuning.parquet",
    log:
        "results/logs/lora_tuning.log",
    benchmark:
        "results/benchmarks/lora_tuning.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --table lora.TUNING \
            {input.parts:q} \
            --output {output.table:q}
        """


rule lora_memory:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/lora"),
        parts=probed("memory.parquet"),
    output:
        table="results/lora/memory.parquet",
    log:
        "results/logs/lora_memory.log",
    benchmark:
        "results/benchmarks/lora_memory.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --table lora.MEMORY \
            {input.parts:q} \
            --output {output.table:q}
        """


rule lora_arms:
    input:
        script=script("lora_tabulate"),
        lib=lib("lora_tabulate"),
    output:
        table="results/lora/arms.parquet",
    log:
        "results/logs/lora_arms.log",
    benchmark:
        "results/benchmarks/lora_arms.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        arms=as_json(ARMS),
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --arms {params.arms:q} \
            --table {output.table:q}
        """
