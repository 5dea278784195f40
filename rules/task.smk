"""
Tasks: questions with a verifier, in splits that share no question.

READS   results/corpus/{corpus}/{split}/{lang}.parquet   (tasks of translation and of text only)
WRITES  results/task/{task}/{split}.parquet, results/task/splits.parquet
"""


include: "inputs/task.smk"


rule task_build:
    input:
        script=script("task_build"),
        lib=lib("task_build"),
        documents=task_documents,
        records=task_records,
    output:
        questions="results/task/{task}/{split}.parquet",
    log:
        "results/logs/task_build/{task}_{split}.log",
    benchmark:
        "results/benchmarks/task_build/{task}_{split}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        task=task_settings,
        size=task_size,
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --task {params.task:q} \
            --split {wildcards.split:q} \
            --size {params.size:q} \
            --seed {params.seed:q} \
            --items {output.questions:q} {input.documents:q}
        """


rule task_check:
    input:
        script=script("task_check"),
        lib=lib("task_check"),
        questions=checked_splits,
    output:
        table="results/task/splits.parquet",
    log:
        "results/logs/task_check.log",
    benchmark:
        "results/benchmarks/task_check.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} --table {output.table:q} {input.questions:q}
        """
