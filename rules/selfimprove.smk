"""
Self-Improve Loop: rounds of decoding a pool, keeping what is confident, and training on it.

Round n decodes pool n with the model of round n - 1 (round 0 is the start adapter), and is judged on
the split that evaluation uses. The rules are those of lora and evaluation, with other files.

READS   results/model/{model}/, results/lora/{model}/{task}/{start arm}/seed-{seed}/adapter/
        results/task/{task}/pool-{round}.parquet, results/task/{task}/{split}.parquet
        results/evaluation/cells/...                                 (scores of the start adapter)
WRITES  results/selfimprove/{model}/{task}/{loop}/seed-{seed}/round-{round}/
            branches.parquet, answers.parquet, selected.parquet      (the pool)
            adapter/, steps.parquet, cost.parquet
            test/branches.parquet, test/answers.parquet, test/scores.parquet
        results/selfimprove/{model}/{task}/{loop}/seed-{seed}/rounds.parquet
        results/selfimprove/rounds.parquet
"""


include: "inputs/selfimprove.smk"


ROUND = "results/selfimprove/{model}/{task}/{loop}/seed-{seed}/round-{round}"
ROUND_NAME = "{model}_{task}_{loop}_seed-{seed}_round-{round}"


use rule evaluation_predict as selfimprove_decode with:
    input:
        script=script("evaluation_predict"),
        lib=lib("evaluation_predict"),
        model="results/model/{model}/files.parquet",
        adapter=previous_adapter,
        questions="results/task/{task}/pool-{round}.parquet",
    output:
        branches=f"{ROUND}/branches.parquet",
    log:
        f"results/logs/selfimprove_decode/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_decode/{ROUND_NAME}.tsv"
    params:
        folder=model_folder,
        adapter=adapter_option,
        decoding=loop_decoding,
        engine=config["evaluation"]["engine"],
        chat=chat_option,
        cell=pool_names,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],


use rule evaluation_answer as selfimprove_answer with:
    input:
        script=script("evaluation_answer"),
        lib=lib("evaluation_answer"),
        tokenizer="results/model/{model}/tokenizer.json",
        branches=f"{ROUND}/branches.parquet",
        questions="results/task/{task}/pool-{round}.parquet",
    output:
        answers=f"{ROUND}/answers.parquet",
    log:
        f"results/logs/selfimprove_answer/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_answer/{ROUND_NAME}.tsv"


rule selfimprove_select:
    input:
        script=script("selfimprove_select"),
        lib=lib("selfimprove_select"),
        branches=f"{ROUND}/branches.parquet",
        answers=f"{ROUND}/answers.parquet",
        questions="results/task/{task}/pool-{round}.parquet",
    output:
        selected=f"{ROUND}/selected.parquet",
    log:
        f"results/logs/selfimprove_select/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_select/{ROUND_NAME}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        filter=loop_filter,
        keep=loop_keep,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --filter {params.filter:q} \
            --keep {params.keep:q} \
            --round {wildcards.round:q} \
            --seed {wildcards.seed:q} \
            --branches {input.branches:q} \
            --answers {input.answers:q} \
            --items {input.questions:q} \
            --selected {output.selected:q}
        """


use rule lora_train as selfimprove_train with:
    input:
        script=script("lora_train"),
        lib=lib("lora_train"),
        model="results/model/{model}/files.parquet",
        start=start_adapter,
        tuning=start_tuning,
        questions=round_examples,
    output:
        settings=f"{ROUND}/adapter/adapter_config.json",
        weights=f"{ROUND}/adapter/adapter_model.safetensors",
        steps=f"{ROUND}/steps.parquet",
        cost=f"{ROUND}/cost.parquet",
    log:
        f"results/logs/selfimprove_train/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_train/{ROUND_NAME}.tsv"
    params:
        folder=model_folder,
        adapter=adapter_folder,
        options=round_options,
        arm=loop_arm,
        budget=loop_budget,
        cell=round_names,
        chat=chat_option,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],
        checkpoint_every=config["lora"]["checkpoint_every"],


use rule evaluation_predict as selfimprove_test with:
    input:
        script=script("evaluation_predict"),
        lib=lib("evaluation_predict"),
        model="results/model/{model}/files.parquet",
        adapter=f"{ROUND}/adapter/adapter_model.safetensors",
        questions=f"results/task/{{task}}/{config['evaluation']['split']}.parquet",
    output:
        branches=f"{ROUND}/test/branches.parquet",
    log:
        f"results/logs/selfimprove_test/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_test/{ROUND_NAME}.tsv"
    params:
        folder=model_folder,
        adapter=adapter_option,
        decoding=loop_decoding,
        engine=config["evaluation"]["engine"],
        chat=chat_option,
        cell=test_names,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],


use rule evaluation_answer as selfimprove_test_answer with:
    input:
        script=script("evaluation_answer"),
        lib=lib("evaluation_answer"),
        tokenizer="results/model/{model}/tokenizer.json",
        branches=f"{ROUND}/test/branches.parquet",
        questions=f"results/task/{{task}}/{config['evaluation']['split']}.parquet",
    output:
        answers=f"{ROUND}/test/answers.parquet",
    log:
        f"results/logs/selfimprove_test_answer/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_test_answer/{ROUND_NAME}.tsv"


use rule evaluation_score as selfimprove_score with:
    input:
        script=script("evaluation_score"),
        lib=lib("evaluation_score"),
        answers=f"{ROUND}/test/answers.parquet",
        questions=f"results/task/{{task}}/{config['evaluation']['split']}.parquet",
        cost=f"{ROUND}/cost.parquet",
    output:
        scores=f"{ROUND}/test/scores.parquet",
    log:
        f"results/logs/selfimprove_score/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_score/{ROUND_NAME}.tsv"
    params:
        cost=cost_option,
        resamples=config["evaluation"]["resamples"],
        seed=config["seed"],


rule selfimprove_tabulate:
    input:
        script=script("selfimprove_tabulate"),
        lib=lib("selfimprove_tabulate"),
        selected=all_selected,
        scores=all_round_scores,
    output:
        rounds="results/selfimprove/{model}/{task}/{loop}/seed-{seed}/rounds.parquet",
    log:
        "results/logs/selfimprove_tabulate/{model}_{task}_{loop}_seed-{seed}.log",
    benchmark:
        "results/benchmarks/selfimprove_tabulate/{model}_{task}_{loop}_seed-{seed}.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        filter=loop_filter,
        selected=selected_options,
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --loop {wildcards.loop:q} \
            --filter {params.filter:q} \
            --seed {wildcards.seed:q} \
            --rounds {output.rounds:q} {params.selected} \
            {input.scores:q}
        """


rule selfimprove_rounds:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/scores"),
        parts=loops("rounds.parquet"),
    output:
        table="results/selfimprove/rounds.parquet",
    log:
        "results/logs/selfimprove_rounds.log",
    benchmark:
        "results/benchmarks/selfimprove_rounds.tsv"
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
            --table scores.ROUNDS \
            {input.parts:q} \
            --output {output.table:q}
        """
