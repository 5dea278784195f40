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


onstart:
    # Under its limit of starts a second, Snakemake 9.27 sets an alarm after each choice of jobs to choose again
    # a second later, beside those that set themselves already; each job that ends adds one. After 160 jobs that
    # took nearly half a core. Here the cores limit what starts, and jobs that end are alarm enough.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


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
