"""What the rules of paper read and pass on, where that depends on wildcards or the config."""


def figure_outputs(wildcards, output):
    """The files of a figure, each as an option."""
    return [word for path in output for word in ("--output", path)]


def run_settings(wildcards):
    """What the run sets beside its default config; a function, since templates in it have braces."""
    return as_json(workflow.config_settings.overwrite_config)


def caption_file(name):
    """Path of a text in the report, as an input: editing it makes the report anew."""
    return os.path.relpath(SCRIPTS.parent / "report" / f"{name}.rst")
