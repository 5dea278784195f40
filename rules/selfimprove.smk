"""
Self-Improve Loop: rounds of decoding a pool, keeping some of the chains, and training on them.

Round n decodes its pool with the model of round n - 1 (round 0 is the start adapter), and is judged on the
split that evaluation uses and on all other tests. The rules are those of lora and evaluation, with other
files. What the start adapter does is the same for all loops that start alike, and lies with the first of
them: its tests (round-0/) and its branches of the first pool (of round-1/).

READS   results/model/{model}/, results/lora/{model}/{task}/{start arm}/seed-{seed}/adapter/
        results/task/{task}/pool-{n}.parquet, results/task/{tested}/{split}.parquet
        results/evaluation/cells/..., answers.parquet/...            (of the start adapter)
        results/corpus/{corpus}/{split}/{lang}.parquet               (held-out text)
WRITES  results/selfimprove/{model}/{task}/{loop}/seed-{seed}/round-{round}/
            pool.parquet                                             (where a round reads several pools)
            branches.parquet, answers.parquet, selected.parquet      (of the pool)
            adapter/, steps.parquet, cost.parquet, held_out.parquet
            tests/{tested}/{split}/branches.parquet, answers.parquet, scores.parquet
        results/selfimprove/{model}/{task}/{loop}/seed-{seed}/rounds.parquet
        results/selfimprove/{model}/{task}/summary.parquet, comparisons.parquet   (last rounds)
        results/selfimprove/gate.parquet, rounds.parquet, comparisons.parquet
"""


include: "inputs/selfimprove.smk"


ROUND = "results/selfimprove/{model}/{task}/{loop}/seed-{seed}/round-{round}"
ROUND_NAME = "{model}_{task}_{loop}_seed-{seed}_round-{round}"
TEST = f"{ROUND}/tests/{{tested}}/{{split}}"
TEST_NAME = f"{ROUND_NAME}_{{tested}}_{{split}}"


rule selfimprove_pool:
    input:
        script=script("table_concat"),
        lib=lib("table_concat", "contracts/task"),
        parts=pool_tables,
    output:
        table=f"{ROUND}/pool.parquet",
    log:
        f"results/logs/selfimprove_pool/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_pool/{ROUND_NAME}.tsv"
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
            --table task.ITEMS \
            {input.parts:q} \
            --output {output.table:q}
        """


use rule evaluation_predict as selfimprove_decode with:
    input:
        script=script("evaluation_predict"),
        lib=lib("evaluation_predict"),
        model="results/model/{model}/files.parquet",
        adapter=previous_adapter,
        questions=round_pool,
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
        questions=round_pool,
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
        branches=pool_branches,
        answers=pool_answers,
        questions=round_pool,
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
        adapter=round_adapter,
        questions="results/task/{tested}/{split}.parquet",
    output:
        branches=f"{TEST}/branches.parquet",
    log:
        f"results/logs/selfimprove_test/{TEST_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_test/{TEST_NAME}.tsv"
    params:
        folder=model_folder,
        adapter=adapter_option,
        decoding=test_decoding,
        engine=config["evaluation"]["engine"],
        chat=test_chat,
        cell=test_names,
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],


use rule evaluation_answer as selfimprove_test_answer with:
    input:
        script=script("evaluation_answer"),
        lib=lib("evaluation_answer"),
        tokenizer="results/model/{model}/tokenizer.json",
        branches=f"{TEST}/branches.parquet",
        questions="results/task/{tested}/{split}.parquet",
    output:
        answers=f"{TEST}/answers.parquet",
    log:
        f"results/logs/selfimprove_test_answer/{TEST_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_test_answer/{TEST_NAME}.tsv"


use rule evaluation_score as selfimprove_score with:
    input:
        script=script("evaluation_score"),
        lib=lib("evaluation_score"),
        answers=f"{TEST}/answers.parquet",
        questions="results/task/{tested}/{split}.parquet",
        cost=round_cost,
    output:
        scores=f"{TEST}/scores.parquet",
    log:
        f"results/logs/selfimprove_score/{TEST_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_score/{TEST_NAME}.tsv"


use rule pretraining_score as selfimprove_held_out with:
    input:
        script=script("pretraining_score"),
        lib=lib("pretraining_score", "contracts/held_out"),
        model="results/model/{model}/files.parquet",
        adapter=round_adapter,
        documents=held_out_documents(),
    output:
        bits=f"{ROUND}/held_out.parquet",
    log:
        f"results/logs/selfimprove_held_out/{ROUND_NAME}.log",
    benchmark:
        f"results/benchmarks/selfimprove_held_out/{ROUND_NAME}.tsv"
    params:
        folder=model_folder,
        adapter=adapter_option,
        solutions="",
        cell=round_names,
        contract="held_out",
        characters=config["evaluation"]["forgetting"]["characters"],
        documents=config["evaluation"]["forgetting"]["documents_per_language"],
        dtype=config["compute"]["dtype"],
        threads=config["compute"]["threads"],


rule selfimprove_gate:
    input:
        script=script("selfimprove_gate"),
        lib=lib("selfimprove_gate"),
        answers=gated_answers(),
    output:
        gates="results/selfimprove/gate.parquet",
    log:
        "results/logs/selfimprove_gate.log",
    benchmark:
        "results/benchmarks/selfimprove_gate.tsv"
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
            {input.answers:q} \
            --gates {output.gates:q}
        """


rule selfimprove_tabulate:
    input:
        script=script("selfimprove_tabulate"),
        lib=lib("selfimprove_tabulate"),
        selected=of_rounds("selected.parquet"),
        steps=of_rounds("steps.parquet"),
        held_out=all_held_out,
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
        cell=loop_cell,
        tables=round_tables,
        resamples=config["evaluation"]["resamples"],
        seed=config["seed"],
    shell:
        r"""
        exec &> >(tee {log:q})
        python {input.script:q} \
            --cell {params.cell:q} {params.tables} \
            --resamples {params.resamples:q} \
            --seed {params.seed:q} \
            --rounds {output.rounds:q} \
            {input.scores:q}
        """


use rule evaluation_compare as selfimprove_compare with:
    input:
        script=script("evaluation_compare"),
        lib=lib("evaluation_compare"),
        answers=compared_loops,
        questions=f"results/task/{{task}}/{config['evaluation']['split']}.parquet",
        costs=compared_loop_costs,
    output:
        summary="results/selfimprove/{model}/{task}/summary.parquet",
        comparisons="results/selfimprove/{model}/{task}/comparisons.parquet",
    log:
        "results/logs/selfimprove_compare/{model}_{task}.log",
    benchmark:
        "results/benchmarks/selfimprove_compare/{model}_{task}.tsv"
    params:
        costs=cost_options,
        reference=main_loop,
        resamples=config["evaluation"]["resamples"],
        seed=config["seed"],


# Table of all loops: its contract, and its parts.
LOOP_TABLES = {
    "rounds": ("scores.ROUNDS", loops("rounds.parquet")),
    "comparisons": ("scores.COMPARISONS", loop_tasks("comparisons.parquet")),
}

for TABLE, (CONTRACT, PARTS) in LOOP_TABLES.items():

    rule:
        name:
            f"selfimprove_{TABLE}"
        input:
            script=script("table_concat"),
            lib=lib("table_concat", "contracts/scores"),
            parts=PARTS,
        output:
            table=f"results/selfimprove/{TABLE}.parquet",
        log:
            f"results/logs/selfimprove_{TABLE}.log",
        benchmark:
            f"results/benchmarks/selfimprove_{TABLE}.tsv"
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
