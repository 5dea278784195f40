"""
Named stops: `snakemake --cores 8 tokenizers` runs what that stop needs and no more.
"""


include: "inputs/targets.smk"


localrules:
    corpora,
    tokenizers,
    models,
    pretraining,
    adapters,
    expressivity,
    interference,
    scores,
    rounds,
    reach,
    figures,
    report,


rule corpora:
    input:
        corpus_tables(),


rule tokenizers:
    input:
        [f"results/tokenizer/{table}.parquet" for table in TOKENIZER_TABLES],
        rules.tokenizer_compare.output,


rule models:
    input:
        model_tables(),


rule pretraining:
    input:
        rules.pretraining_tabulate.output,


rule adapters:
    input:
        adapter_tables(),


rule expressivity:
    input:
        rules.expressivity_reproduce.output,
        rules.expressivity_converge.output,
        [f"results/expressivity/{table}.parquet" for table in EXPRESSIVITY_TABLES],


rule interference:
    input:
        [f"results/interference/{table}.parquet" for table in INTERFERENCE_TABLES],


rule scores:
    input:
        "results/evaluation/scores.parquet",
        "results/evaluation/summary.parquet",
        "results/evaluation/comparisons.parquet",
        "results/evaluation/harness.parquet",
        "results/evaluation/forgetting.parquet",


rule rounds:
    input:
        [f"results/selfimprove/{table}.parquet" for table in ("gate", "rounds", "comparisons")],
        "results/task/splits.parquet",


rule reach:
    input:
        "results/attention/reach.parquet",


rule figures:
    input:
        paper_figures(),


rule report:
    input:
        rules.paper_report.output,
