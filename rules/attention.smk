"""
Attention reach: how far each head looks back in translation, maths and code.

READS   results/model/{model}/
        results/corpus/{corpus}/{split}/{lang}.parquet
WRITES  results/attention/{model}/base/reach.parquet
        results/attention/reach.parquet
"""


include: "inputs/attention.smk"


rule attention_reach:
    input:
        script=script("attention_reach"),
        lib=lib("attention_reach"),
        model="results/model/{model}/files.parquet",
        documents=reach_documents,
    output:
        reach="results/attention/{model}/base/reach.parquet",
    log:
        "results/logs/attention_reach/{model}_base.log",
    benchmark:
        "results/benchmarks/attention_reach/{model}_base.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(1800),
        runtime=60,
        gpu=0,
    params:
        folder=model_folder,
        domains=reach_settings,
        tokens=config["attention"]["tokens"],
        windows=config["attention"]["windows"],
        first_query=config["attention"]["first_query"],
        sinks=config["attention"]["sinks"],
        sink_threshold=config["attention"]["sink_threshold"],
        resamples=config["attention"]["resamples"],
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} \
            --name {wildcards.model:q} \
            --domains {params.domains:q} \
            --tokens {params.tokens:q} \
            --windows {params.windows:q} \
            --first-query {params.first_query:q} \
            --sinks {params.sinks:q} \
            --sink-threshold {params.sink_threshold:q} \
            --resamples {params.resamples:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --seed {params.seed:q} \
            --reach {output.reach:q}
        """


rule attention_table:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/attention"),
        parts=reach_tables,
    output:
        reach="results/attention/reach.parquet",
    log:
        "results/logs/attention_table/reach.log",
    benchmark:
        "results/benchmarks/attention_table/reach.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} --table attention.REACH --output {output.reach:q} {input.parts:q}
        """
