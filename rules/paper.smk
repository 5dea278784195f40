"""
Paper: figures, LaTeX tables, numbers, and the report. Reads tables only, so that nothing here runs a model.

READS   results/tokenizer/metrics.parquet, zipf.parquet, lorenz.parquet, vocabulary.parquet, probes.parquet,
        morphs.parquet, comparisons.parquet, {tokenizer}/training.parquet
        results/pretraining/bits.parquet
        results/lora/costs.parquet, arms.parquet, memory.parquet, tuning.parquet,
        {model}/{task}/{arm}/seed-{seed}/steps.parquet
        results/expressivity/thresholds.parquet, convergence.parquet, spectrum.parquet, updates.parquet,
        truncation.parquet
        results/interference/cosines.parquet, transfer.parquet
        results/evaluation/scores.parquet, summary.parquet, comparisons.parquet, forgetting.parquet
        results/selfimprove/rounds.parquet, comparisons.parquet, gate.parquet
        results/attention/reach.parquet
WRITES  results/paper/figures/{figure}.{format}
        results/paper/tables/{table}.tex
        results/paper/numbers/{number}.txt
        results/report.html
"""


include: "inputs/paper.smk"


CORPUS = ["--corpus", config["paper"]["corpus"]]
HEADLINE = [*CORPUS, "--lang", config["paper"]["language"]]
LANGUAGES = [*HEADLINE, "--reference", config["tokenizer"]["reference"]]
SPLIT = ["--split", config["evaluation"]["split"]]

# Figure: chapter of the report, options, tables. Its caption is workflow/report/{figure}.rst.
FIGURES = {
    "fertility": ("1 Tokenizers", CORPUS, ["results/tokenizer/metrics.parquet"]),
    "headline": ("1 Tokenizers", LANGUAGES, ["results/tokenizer/metrics.parquet"]),
    "fairness": ("1 Tokenizers", LANGUAGES, ["results/tokenizer/metrics.parquet"]),
    "lorenz": (
        "1 Tokenizers",
        CORPUS,
        ["results/tokenizer/lorenz.parquet", "results/tokenizer/metrics.parquet"],
    ),
    "universality": (
        "1 Tokenizers",
        LANGUAGES,
        ["results/tokenizer/comparisons.parquet", *training_tables()],
    ),
    "zipf": (
        "1 Tokenizers",
        LANGUAGES,
        ["results/tokenizer/zipf.parquet", "results/tokenizer/metrics.parquet"],
    ),
    "vocabulary": ("1 Tokenizers", [], ["results/tokenizer/vocabulary.parquet"]),
    "probes": ("1 Tokenizers", [], ["results/tokenizer/probes.parquet"]),
    "morphs": ("1 Tokenizers", [], ["results/tokenizer/morphs.parquet"]),
    "retok": ("1 Tokenizers", CORPUS, ["results/pretraining/bits.parquet"]),
    "scratch": (
        "1 Tokenizers",
        CORPUS,
        ["results/pretraining/bits.parquet", "results/tokenizer/metrics.parquet"],
    ),
    "plasticity": ("1 Tokenizers", CORPUS, ["results/pretraining/bits.parquet"]),
    "accuracy_by_rank": (
        "2 Adapters",
        [],
        [
            "results/evaluation/summary.parquet",
            "results/evaluation/scores.parquet",
            "results/lora/costs.parquet",
        ],
    ),
    "arm_comparisons": ("2 Adapters", [], ["results/evaluation/comparisons.parquet"]),
    "memory_by_rank": ("2 Adapters", [], ["results/lora/memory.parquet"]),
    "accuracy_by_memory": (
        "2 Adapters",
        [],
        ["results/evaluation/summary.parquet", "results/lora/memory.parquet"],
    ),
    "throughput": ("2 Adapters", [], ["results/lora/memory.parquet"]),
    "loss": ("2 Adapters", [], ["results/lora/costs.parquet", *trained("steps.parquet")]),
    **({"learning_rate": ("2 Adapters", [], ["results/lora/tuning.parquet"])} if tunings() else {}),
    "forgetting": (
        "2 Adapters",
        CORPUS,
        ["results/evaluation/forgetting.parquet", "results/evaluation/scores.parquet"],
    ),
    "thresholds": ("2 Adapters", [], ["results/expressivity/thresholds.parquet"]),
    "convergence": ("2 Adapters", [], ["results/expressivity/convergence.parquet"]),
    "spectrum": (
        "2 Adapters",
        [],
        ["results/expressivity/spectrum.parquet", "results/expressivity/updates.parquet"],
    ),
    "truncation": ("2 Adapters", [], ["results/expressivity/truncation.parquet"]),
    "interference": ("2 Adapters", [], ["results/interference/cosines.parquet"]),
    "transfer": (
        "2 Adapters",
        [],
        ["results/interference/transfer.parquet", "results/interference/cosines.parquet"],
    ),
    **(
        {"code_share": ("3 Chains of thought", CORPUS, ["results/pretraining/bits.parquet"])}
        if code_shares()
        else {}
    ),
    "decoding": ("3 Chains of thought", [], ["results/evaluation/summary.parquet"]),
    "rounds": (
        "3 Chains of thought",
        SPLIT,
        [f"results/selfimprove/{table}.parquet" for table in ("rounds", "comparisons", "gate")],
    ),
    "behaviour": ("3 Chains of thought", SPLIT, ["results/selfimprove/rounds.parquet"]),
    "reach": ("4 Attention", [], ["results/attention/reach.parquet"]),
}

# Table: script, options, tables.
TABLES = {
    "tokens_per_word": (
        "paper_tabulate_languages",
        [*CORPUS, "--metric", "tokens_per_word"],
        ["results/tokenizer/metrics.parquet"],
    ),
    "premium": (
        "paper_tabulate_languages",
        [*CORPUS, "--metric", "premium"],
        ["results/tokenizer/metrics.parquet"],
    ),
    "comparisons": (
        "paper_tabulate_comparisons",
        [*CORPUS, "--baseline", config["tokenizer"]["baseline"]],
        ["results/tokenizer/comparisons.parquet", "results/tokenizer/metrics.parquet"],
    ),
    "scores": (
        "paper_tabulate_scores",
        [],
        ["results/evaluation/scores.parquet", "results/lora/costs.parquet"],
    ),
    "summary": ("paper_tabulate_summary", [], ["results/evaluation/summary.parquet"]),
    "arm_comparisons": (
        "paper_tabulate_arm_comparisons",
        [],
        ["results/evaluation/comparisons.parquet"],
    ),
    "costs": ("paper_tabulate_costs", [], ["results/lora/costs.parquet"]),
    "rounds": ("paper_tabulate_rounds", [], ["results/selfimprove/rounds.parquet"]),
    "loop_comparisons": (
        "paper_tabulate_arm_comparisons",
        [],
        ["results/selfimprove/comparisons.parquet"],
    ),
}


report: "../workflow/report/workflow.rst"


for FIGURE, (CHAPTER, OPTIONS, INPUTS) in FIGURES.items():

    rule:
        name:
            f"paper_plot_{FIGURE}"
        input:
            script=script(f"paper_plot_{FIGURE}"),
            lib=lib(f"paper_plot_{FIGURE}"),
            tables=INPUTS,
        output:
            svg=report(
                f"results/paper/figures/{FIGURE}.svg",
                caption=f"../workflow/report/{FIGURE}.rst",
                category=CHAPTER,
                labels={"figure": FIGURE.replace("_", " ")},
            ),
            others=[
                f"results/paper/figures/{FIGURE}.{ending}"
                for ending in config["paper"]["formats"]
                if ending != "svg"
            ],
        log:
            f"results/logs/paper_plot/{FIGURE}.log",
        benchmark:
            f"results/benchmarks/paper_plot/{FIGURE}.tsv"
        conda:
            "../envs/paper.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            options=OPTIONS,
            outputs=figure_outputs,
        shell:
            r"""
            exec &> >(tee {log:q})
            python {input.script:q} {params.options:q} {params.outputs:q} {input.tables:q}
            """


for TABLE, (SCRIPT, OPTIONS, INPUTS) in TABLES.items():

    rule:
        name:
            f"paper_tabulate_{TABLE}"
        input:
            script=script(SCRIPT),
            lib=lib(SCRIPT),
            tables=INPUTS,
        output:
            table=f"results/paper/tables/{TABLE}.tex",
        log:
            f"results/logs/paper_tabulate/{TABLE}.log",
        benchmark:
            f"results/benchmarks/paper_tabulate/{TABLE}.tsv"
        conda:
            "../envs/paper.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            options=OPTIONS,
        shell:
            r"""
            exec &> >(tee {log:q})
            python {input.script:q} {params.options:q} --output {output.table:q} {input.tables:q}
            """


rule paper_numbers:
    input:
        script=script("paper_numbers"),
        lib=lib("paper_numbers"),
        metrics="results/tokenizer/metrics.parquet",
        comparisons="results/tokenizer/comparisons.parquet",
        bits="results/pretraining/bits.parquet",
        scores="results/evaluation/scores.parquet",
        summary="results/evaluation/summary.parquet",
        arm_comparisons="results/evaluation/comparisons.parquet",
        loop_comparisons="results/selfimprove/comparisons.parquet",
        costs="results/lora/costs.parquet",
        memory="results/lora/memory.parquet",
        rounds="results/selfimprove/rounds.parquet",
        reach="results/attention/reach.parquet",
    output:
        numbers=directory("results/paper/numbers"),
    log:
        "results/logs/paper_numbers.log",
    benchmark:
        "results/benchmarks/paper_numbers.tsv"
    conda:
        "../envs/paper.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        options=HEADLINE,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            {params.options:q} \
            --metrics {input.metrics:q} \
            --comparisons {input.comparisons:q} \
            --bits {input.bits:q} \
            --scores {input.scores:q} \
            --summary {input.summary:q} \
            --arm-comparisons {input.arm_comparisons:q} \
            --arm-comparisons {input.loop_comparisons:q} \
            --costs {input.costs:q} \
            --memory {input.memory:q} \
            --rounds {input.rounds:q} \
            --reach {input.reach:q} \
            --output {output.numbers:q}
        """


# Runs where Snakemake runs: it reads what Snakemake noted about the jobs.
rule paper_report:
    input:
        script=script("paper_report"),
        lib=lib("paper_report"),
        captions=[caption_file(name) for name in ["workflow", *FIGURES]],
        figures=[f"results/paper/figures/{figure}.svg" for figure in FIGURES],
    output:
        report="results/report.html",
    log:
        "results/logs/paper_report.log",
    benchmark:
        "results/benchmarks/paper_report.tsv"
    localrule: True
    conda:
        "../envs/paper.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        snakefile=os.path.relpath(workflow.main_snakefile),
        overrides=run_settings,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --snakefile {params.snakefile:q} \
            --overrides {params.overrides:q} \
            --report {output.report:q} \
            {input.figures:q}
        """
