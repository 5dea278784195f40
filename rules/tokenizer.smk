"""
Tokenizer Lab: tokenizers trained on language mixes, and how well each serves each language.

READS   results/corpus/{corpus}/{split}/{lang}.parquet
        results/model/{model}/tokenizer.json   (pretrained tokenizers)
WRITES  results/tokenizer/merges/{mix}/merges.parquet, mixed.parquet   (byte-level BPE)
        results/tokenizer/{tokenizer}/   (tokenizer.json and what else transformers loads; tokenizer.model too
        where SentencePiece trained it)
        results/tokenizer/{tokenizer}/training.parquet
        results/tokenizer/{tokenizer}/{corpus}/metrics.parquet, zipf.parquet
        results/tokenizer/metrics.parquet, zipf.parquet

Byte-level BPE is learnt once for each mix: the merges of a smaller vocabulary are the first of a larger
one's, and each tokenizer is cut from them. They are learnt up to the next power of two above the grid, at
least 65536, which costs little more; so a size that is added within it cuts one tokenizer, and reruns
nothing of what exists. A size beyond it learns the list anew, and what is cut from it comes out the same,
byte for byte, but runs. (ancient() would not do: Snakemake then plans no new cut while the list is planned.)
"""


rule tokenizer_merges:
    input:
        script=script("tokenizer_merges"),
        lib=lib("tokenizer_merges"),
        documents=mix_documents,
    output:
        merges="results/tokenizer/merges/{mix}/merges.parquet",
        mixed="results/tokenizer/merges/{mix}/mixed.parquet",
    log:
        "results/logs/tokenizer_merges/{mix}.log",
    benchmark:
        "results/benchmarks/tokenizer_merges/{mix}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=training_memory,
        runtime=120,
    params:
        settings=mix_settings,
        size=learnt_size,
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --settings {params.settings:q} \
            --size {params.size:q} \
            --seed {params.seed:q} \
            --merges {output.merges:q} \
            --mixed {output.mixed:q} \
            {input.documents:q}
        """


rule tokenizer_train:
    input:
        script=script("tokenizer_train"),
        lib=lib("tokenizer_train"),
        documents=mix_documents,
        learnt=learnt_merges,
    output:
        tokenizer="results/tokenizer/{tokenizer}/tokenizer.json",
        config="results/tokenizer/{tokenizer}/tokenizer_config.json",
        training="results/tokenizer/{tokenizer}/training.parquet",
    log:
        "results/logs/tokenizer_train/{tokenizer}.log",
    benchmark:
        "results/benchmarks/tokenizer_train/{tokenizer}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=training_memory,
        runtime=120,
    params:
        settings=training_settings,
        learnt=learnt_options,
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --name {wildcards.tokenizer:q} \
            --settings {params.settings:q} \
            --seed {params.seed:q} \
            {params.learnt} \
            --tokenizer {output.tokenizer:q} \
            --training {output.training:q} \
            {input.documents:q}
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
