"""
Interference: gradients of tasks compared, and what one step of a task does to the others.

READS   results/model/{model}/, results/task/{task}/{split}.parquet
WRITES  results/interference/{model}/cosines.parquet, transfer.parquet
        results/interference/cosines.parquet, transfer.parquet
"""


include: "inputs/interference.smk"


# Tables of all models: contract, parts.
INTERFERENCE_TABLES = {
    "cosines": ("interference.COSINES", of_compared_models("cosines")),
    "transfer": ("interference.TRANSFER", of_compared_models("transfer")),
}


rule interference_compare:
    input:
        script=script("interference_compare"),
        lib=lib("interference_compare"),
        model="results/model/{model}/files.parquet",
        questions=compared_items,
    output:
        cosines="results/interference/{model}/cosines.parquet",
    log:
        "results/logs/interference_compare/{model}.log",
    benchmark:
        "results/benchmarks/interference_compare/{model}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(3500),
        runtime=120,
        gpu=0,
    params:
        folder=model_folder,
        cell=compared_names,
        tasks=compared_option,
        chats=compared_chats,
        batches=config["interference"]["batches"],
        rows=config["interference"]["rows"],
        resamples=config["interference"]["resamples"],
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} \
            --cell {params.cell:q} \
            --tasks {params.tasks:q} {params.chats:q} \
            --batches {params.batches:q} \
            --rows {params.rows:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --cosines {output.cosines:q}
        """


rule interference_step:
    input:
        script=script("interference_step"),
        lib=lib("interference_step"),
        model="results/model/{model}/files.parquet",
        questions=compared_items,
    output:
        transfer="results/interference/{model}/transfer.parquet",
    log:
        "results/logs/interference_step/{model}.log",
    benchmark:
        "results/benchmarks/interference_step/{model}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(3000),
        runtime=120,
        gpu=0,
    params:
        folder=model_folder,
        cell=compared_names,
        tasks=compared_option,
        chats=compared_chats,
        needed=config["interference"]["batches"] * config["interference"]["rows"],
        step=config["interference"]["step"],
        resamples=config["interference"]["resamples"],
        threads=config["compute"]["threads"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} \
            --cell {params.cell:q} \
            --tasks {params.tasks:q} {params.chats:q} \
            --items {params.needed:q} \
            --step {params.step:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --threads {params.threads:q} \
            --transfer {output.transfer:q}
        """


for NAME, (CONTRACT, PARTS) in INTERFERENCE_TABLES.items():

    rule:
        name:
            f"interference_{NAME}"
        input:
            script=script("table_concat"),
            lib=lib("table_concat", "contracts/interference"),
            parts=PARTS,
        output:
            table=f"results/interference/{NAME}.parquet",
        log:
            f"results/logs/interference_{NAME}.log",
        benchmark:
            f"results/benchmarks/interference_{NAME}.tsv"
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
