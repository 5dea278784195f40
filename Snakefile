"""tok2cot: from tokenizers to chains of thought.

The index of the workflow. Stages are included in running order; each is the only writer of its
folder under results/. The settings are in config/, explained in config/README.md.
"""

from snakemake.utils import min_version

min_version("9.27")


configfile: f"{workflow.basedir}/config/config.yaml"


include: "rules/common.smk"
include: "rules/corpus.smk"
include: "rules/tokenizer.smk"
include: "rules/model.smk"
include: "rules/pretraining.smk"
include: "rules/task.smk"
include: "rules/lora.smk"
include: "rules/expressivity.smk"
include: "rules/interference.smk"
include: "rules/evaluation.smk"
include: "rules/selfimprove.smk"
include: "rules/attention.smk"
include: "rules/paper.smk"
include: "rules/targets.smk"


rule all:
    default_target: True
    input:
        rules.paper_report.output,
        rules.paper_numbers.output,
        paper_figures(),
        paper_tables(),
        rules.tokenizers.input,
        rules.adapters.input,
        rules.scores.input,
    localrule: True
