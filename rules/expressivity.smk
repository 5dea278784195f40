"""
Expressivity: what low-rank updates can express, by theory and in a model that was fine-tuned in full.

READS   results/model/{model}/, results/task/{task}/{split}.parquet
        results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/
WRITES  results/expressivity/thresholds.parquet, convergence.parquet   (no model: random ones of the papers)
        results/expressivity/{model}/{task}/seed-{seed}/spectrum.parquet, updates.parquet, truncation.parquet
        results/expressivity/spectrum.parquet, updates.parquet, truncation.parquet
"""


include: "inputs/expressivity.smk"


# Tables of all full fine-tunings: contract, parts.
EXPRESSIVITY_TABLES = {
    "spectrum": ("expressivity.SPECTRUM", taken_apart("spectrum")),
    "updates": ("expressivity.UPDATES", taken_apart("updates")),
    "truncation": ("expressivity.TRUNCATION", taken_apart("truncation")),
}


rule expressivity_reproduce:
    input:
        script=script("expressivity_reproduce"),
        lib=lib("expressivity_reproduce"),
    output:
        table="results/expressivity/thresholds.parquet",
    log:
        "results/logs/expressivity_reproduce.log",
    benchmark:
        "results/benchmarks/expressivity_reproduce.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=1000,
        runtime=60,
        gpu=0,
    params:
        seeds=config["expressivity"]["seeds"],
        steps=config["expressivity"]["steps"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --seeds {params.seeds:q} \
            --steps {params.steps:q} \
            --threads {params.threads:q} \
            --thresholds {output.table:q}
        """


rule expressivity_converge:
    input:
        script=script("expressivity_converge"),
        lib=lib("expressivity_converge"),
    output:
        table="results/expressivity/convergence.parquet",
    log:
        "results/logs/expressivity_converge.log",
    benchmark:
        "results/benchmarks/expressivity_converge.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        runs=config["expressivity"]["runs"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --runs {params.runs:q} \
            --seed {params.seed:q} \
            --convergence {output.table:q}
        """


rule expressivity_decompose:
    input:
        script=script("expressivity_decompose"),
        lib=lib("expressivity_decompose"),
        model="results/model/{model}/files.parquet",
        full=full_weights,
    output:
        spectrum="results/expressivity/{model}/{task}/seed-{seed}/spectrum.parquet",
        updates="results/expressivity/{model}/{task}/seed-{seed}/updates.parquet",
    log:
        "results/logs/expressivity_decompose/{model}_{task}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/expressivity_decompose/{model}_{task}_seed-{seed}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(2000),
        runtime=120,
        gpu=0,
    params:
        folder=model_folder,
        full=full_folder,
        cell=probe_names,
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} \
            --cell {params.cell:q} \
            --full {params.full:q} \
            --threads {params.threads:q} \
            --spectrum {output.spectrum:q} \
            --updates {output.updates:q}
        """


rule expressivity_truncate:
    input:
        script=script("expressivity_truncate"),
        lib=lib("expressivity_truncate"),
        model="results/model/{model}/files.parquet",
        full=full_weights,
        rivals=rival_weights,
        questions=truncation_items,
    output:
        truncation="results/expressivity/{model}/{task}/seed-{seed}/truncation.parquet",
    log:
        "results/logs/expressivity_truncate/{model}_{task}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/expressivity_truncate/{model}_{task}_seed-{seed}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(3500),
        runtime=240,
        gpu=0,
    params:
        folder=model_folder,
        full=full_folder,
        cell=truncation_names,
        ranks=rank_options,
        arms=rivals,
        chat=chat_option,
        most=config["expressivity"]["items"],
        resamples=config["expressivity"]["resamples"],
        threads=config["compute"]["threads"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.chat} \
            --cell {params.cell:q} \
            --full {params.full:q} {params.ranks:q} \
            --arms {params.arms:q} \
            --items {input.questions:q} \
            --most {params.most:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --threads {params.threads:q} \
            --truncation {output.truncation:q}
        """


for NAME, (CONTRACT, PARTS) in EXPRESSIVITY_TABLES.items():

    rule:
        name:
            f"expressivity_{NAME}"
        input:
            script=script("table_concat"),
            lib=lib("table_concat", "contracts/expressivity"),
            parts=PARTS,
        output:
            table=f"results/expressivity/{NAME}.parquet",
        log:
            f"results/logs/expressivity_{NAME}.log",
        benchmark:
            f"results/benchmarks/expressivity_{NAME}.tsv"
        conda:
            "../envs/text.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            contract=CONTRACT,
        shell:
            r"""
            exec &> >(tee {log:q})
            python {input.script:q} \
                --table {params.contract:q} \
                {input.parts:q} \
                --output {output.table:q}
            """
