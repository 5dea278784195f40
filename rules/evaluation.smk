"""
Evaluation: decode, judge, score, compare; rules apart, so that a new metric never reruns a model. Where a
task has choices, they are weighed in place of decoding.

READS   results/model/{model}/, results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/, cost.parquet
        results/task/{task}/{split}.parquet
        results/corpus/{corpus}/{split}/{lang}.parquet           (held-out text)
WRITES  results/evaluation/predictions.parquet/{model}/{task}/{arm}/seed-{seed}/{split}/{decoding}.parquet
        results/evaluation/likelihoods.parquet/{model}/{task}/{arm}/seed-{seed}/{split}.parquet
        results/evaluation/answers.parquet/{model}/{task}/{arm}/seed-{seed}/{split}/{decoding}.parquet
        results/evaluation/cells/{model}/{task}/{arm}/seed-{seed}/{split}.parquet
        results/evaluation/summary/{model}/{task}/{split}.parquet
        results/evaluation/comparisons/{model}/{task}/{split}.parquet
        results/evaluation/scores.parquet, summary.parquet, comparisons.parquet
        results/evaluation/harness/{suite}/{model}/{task}/{arm}/seed-{seed}.parquet   (lm-eval's judgement)
        results/evaluation/harness.parquet
        results/evaluation/forgetting/{model}/{task}/{arm}/seed-{seed}.parquet        (bits of documents)
        results/evaluation/forgetting.parquet
"""


include: "inputs/evaluation.smk"


rule evaluation_predict:
    input:
        script=script("evaluation_predict"),
        lib=lib("evaluation_predict"),
        model="results/model/{model}/files.parquet",
        adapter=cell_adapter,
        questions="results/task/{task}/{split}.parquet",
    output:
        branches="results/evaluation/predictions.parquet/{model}/{task}/{arm}/seed-{seed}/{split}/{decoding}.parquet",
    log:
        "results/logs/evaluation_predict/{model}_{task}_{arm}_seed-{seed}_{split}_{decoding}.log",
    benchmark:
        "results/benchmarks/evaluation_predict/{model}_{task}_{arm}_seed-{seed}_{split}_{decoding}.tsv"
    wildcard_constraints:
        task=one_of(WRITING),
        decoding=one_of(name for name in grid.decodings(config) if name not in SEARCHED),
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(1500),
        runtime=240,
        gpu=0,
    params:
        folder=model_folder,
        adapter=adapter_option,
        decoding=decoding_settings,
        engine=config["evaluation"]["engine"],
        chat=chat_option,
        cell=cell_names,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.adapter} {params.chat} \
            --decoding {params.decoding:q} \
            --engine {params.engine:q} \
            --cell {params.cell:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --items {input.questions:q} \
            --branches {output.branches:q}
        """


use rule evaluation_predict as evaluation_search with:
    input:
        script=script("evaluation_search"),
        lib=lib("evaluation_search"),
        model="results/model/{model}/files.parquet",
        adapter=cell_adapter,
        questions="results/task/{task}/{split}.parquet",
    log:
        "results/logs/evaluation_search/{model}_{task}_{arm}_seed-{seed}_{split}_{decoding}.log",
    benchmark:
        "results/benchmarks/evaluation_search/{model}_{task}_{arm}_seed-{seed}_{split}_{decoding}.tsv"
    wildcard_constraints:
        task=one_of(WRITING),
        decoding=one_of(SEARCHED),


rule evaluation_answer:
    input:
        script=script("evaluation_answer"),
        lib=lib("evaluation_answer"),
        tokenizer="results/model/{model}/tokenizer.json",
        branches="results/evaluation/predictions.parquet/{model}/{task}/{arm}/seed-{seed}/{split}/{decoding}.parquet",
        questions="results/task/{task}/{split}.parquet",
    output:
        answers="results/evaluation/answers.parquet/{model}/{task}/{arm}/seed-{seed}/{split}/{decoding}.parquet",
    log:
        "results/logs/evaluation_answer/{model}_{task}_{arm}_seed-{seed}_{split}_{decoding}.log",
    benchmark:
        "results/benchmarks/evaluation_answer/{model}_{task}_{arm}_seed-{seed}_{split}_{decoding}.tsv"
    wildcard_constraints:
        task=one_of(WRITING),
    conda:
        "../envs/lm.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        filter="--filter=" + ",".join(config["evaluation"]["filter"]),
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            {params.filter:q} \
            --branches {input.branches:q} \
            --items {input.questions:q} \
            --tokenizer {input.tokenizer:q} \
            --answers {output.answers:q}
        """


rule evaluation_weigh:
    input:
        script=script("evaluation_weigh"),
        lib=lib("evaluation_weigh"),
        model="results/model/{model}/files.parquet",
        adapter=cell_adapter,
        questions="results/task/{task}/{split}.parquet",
    output:
        likelihoods="results/evaluation/likelihoods.parquet/{model}/{task}/{arm}/seed-{seed}/{split}.parquet",
    log:
        "results/logs/evaluation_weigh/{model}_{task}_{arm}_seed-{seed}_{split}.log",
    benchmark:
        "results/benchmarks/evaluation_weigh/{model}_{task}_{arm}_seed-{seed}_{split}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(1500),
        runtime=240,
        gpu=0,
    params:
        folder=model_folder,
        adapter=adapter_option,
        cell=cell_names,
        chat=chat_option,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.adapter} {params.chat} \
            --cell {params.cell:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --items {input.questions:q} \
            --likelihoods {output.likelihoods:q}
        """


rule evaluation_choose:
    input:
        script=script("evaluation_choose"),
        lib=lib("evaluation_choose"),
        likelihoods="results/evaluation/likelihoods.parquet/{model}/{task}/{arm}/seed-{seed}/{split}.parquet",
        questions="results/task/{task}/{split}.parquet",
    output:
        answers="results/evaluation/answers.parquet/{model}/{task}/{arm}/seed-{seed}/{split}/choice.parquet",
    log:
        "results/logs/evaluation_choose/{model}_{task}_{arm}_seed-{seed}_{split}.log",
    benchmark:
        "results/benchmarks/evaluation_choose/{model}_{task}_{arm}_seed-{seed}_{split}.tsv"
    wildcard_constraints:
        task=one_of(CHOOSING),
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --likelihoods {input.likelihoods:q} \
            --items {input.questions:q} \
            --answers {output.answers:q}
        """


rule evaluation_score:
    input:
        script=script("evaluation_score"),
        lib=lib("evaluation_score"),
        answers=cell_answers,
        questions="results/task/{task}/{split}.parquet",
        cost=cell_cost,
    output:
        scores="results/evaluation/cells/{model}/{task}/{arm}/seed-{seed}/{split}.parquet",
    log:
        "results/logs/evaluation_score/{model}_{task}_{arm}_seed-{seed}_{split}.log",
    benchmark:
        "results/benchmarks/evaluation_score/{model}_{task}_{arm}_seed-{seed}_{split}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        cost=cost_option,
        resamples=config["evaluation"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --items {input.questions:q} {params.cost} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --scores {output.scores:q} \
            {input.answers:q}
        """


rule evaluation_scores:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/scores"),
        parts=evaluated("cells"),
        checked="results/task/splits.parquet",
    output:
        table="results/evaluation/scores.parquet",
    log:
        "results/logs/evaluation_scores.log",
    benchmark:
        "results/benchmarks/evaluation_scores.tsv"
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
            --table scores.SCORES \
            {input.parts:q} \
            --output {output.table:q}
        """


rule evaluation_compare:
    input:
        script=script("evaluation_compare"),
        lib=lib("evaluation_compare"),
        answers=compared_answers,
        questions="results/task/{task}/{split}.parquet",
        costs=compared_costs,
    output:
        summary="results/evaluation/summary/{model}/{task}/{split}.parquet",
        comparisons="results/evaluation/comparisons/{model}/{task}/{split}.parquet",
    log:
        "results/logs/evaluation_compare/{model}_{task}_{split}.log",
    benchmark:
        "results/benchmarks/evaluation_compare/{model}_{task}_{split}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        costs=cost_options,
        reference=reference_arm,
        resamples=config["evaluation"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --items {input.questions:q} {params.costs} \
            --reference {params.reference:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --summary {output.summary:q} \
            --comparisons {output.comparisons:q} \
            {input.answers:q}
        """


rule evaluation_summary:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/scores"),
        parts=compared("summary"),
    output:
        table="results/evaluation/summary.parquet",
    log:
        "results/logs/evaluation_summary.log",
    benchmark:
        "results/benchmarks/evaluation_summary.tsv"
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
            --table scores.SUMMARY \
            {input.parts:q} \
            --output {output.table:q}
        """


rule evaluation_comparisons:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/scores"),
        parts=compared("comparisons"),
    output:
        table="results/evaluation/comparisons.parquet",
    log:
        "results/logs/evaluation_comparisons.log",
    benchmark:
        "results/benchmarks/evaluation_comparisons.tsv"
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
            --table scores.COMPARISONS \
            {input.parts:q} \
            --output {output.table:q}
        """


rule evaluation_harness:
    input:
        script=script("evaluation_harness"),
        lib=lib("evaluation_harness"),
        model="results/model/{model}/files.parquet",
        adapter=cell_adapter,
        own=harness_files,
        questions=harness_items,
    output:
        samples="results/evaluation/harness/{suite}/{model}/{task}/{arm}/seed-{seed}.parquet",
    log:
        "results/logs/evaluation_harness/{suite}_{model}_{task}_{arm}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/evaluation_harness/{suite}_{model}_{task}_{arm}_seed-{seed}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=more_each_try(2500),
        runtime=240,
        gpu=0,
    params:
        folder=model_folder,
        adapter=adapter_option,
        suite=harness_options,
        cell=cell_names,
        rows=config["evaluation"]["rows"],
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --model {params.folder:q} {params.adapter} \
            --suite {wildcards.suite:q} {params.suite:q} \
            --cell {params.cell:q} \
            --rows {params.rows:q} \
            --dtype {params.dtype:q} \
            --threads {params.threads:q} \
            --samples {output.samples:q}
        """


rule evaluation_harness_score:
    input:
        script=script("evaluation_harness_score"),
        lib=lib("evaluation_harness_score"),
        samples=harness_samples(),
    output:
        scores="results/evaluation/harness.parquet",
    log:
        "results/logs/evaluation_harness_score.log",
    benchmark:
        "results/benchmarks/evaluation_harness_score.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        resamples=config["evaluation"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            {input.samples:q} \
            --scores {output.scores:q}
        """


use rule pretraining_score as evaluation_held_out with:
    input:
        script=script("pretraining_score"),
        lib=lib("pretraining_score", "contracts/held_out"),
        model="results/model/{model}/files.parquet",
        adapter=cell_adapter,
        documents=held_out_documents(),
    output:
        bits="results/evaluation/forgetting/{model}/{task}/{arm}/seed-{seed}.parquet",
    log:
        "results/logs/evaluation_held_out/{model}_{task}_{arm}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/evaluation_held_out/{model}_{task}_{arm}_seed-{seed}.tsv"
    params:
        folder=model_folder,
        adapter=adapter_option,
        solutions="",
        cell=held_out_names,
        contract="held_out",
        characters=config["evaluation"]["forgetting"]["characters"],
        documents=config["evaluation"]["forgetting"]["documents_per_language"],
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],


rule evaluation_forgetting:
    input:
        script=script("evaluation_forgetting"),
        lib=lib("evaluation_forgetting"),
        bits=held_out_bits(),
        costs=held_out_costs(),
    output:
        table="results/evaluation/forgetting.parquet",
    log:
        "results/logs/evaluation_forgetting.log",
    benchmark:
        "results/benchmarks/evaluation_forgetting.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        costs=cost_options,
        resamples=config["evaluation"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            {input.bits:q} {params.costs} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --table {output.table:q}
        """
