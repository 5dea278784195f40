import base64
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import jinja2
import pytest
import yaml
from commands import fork
from docutils.core import publish_parts
from paper_fixtures import FIGURES, ROOT, SCRIPTS
from snakemake.utils import update_config

CAPTIONS = ROOT / "workflow" / "report"
DEFAULT = ROOT / "config" / "config.yaml"
CONFIGS = sorted(path for path in (ROOT / "config").glob("*.yaml") if path.name != "schema.yaml")


class Snakemake:
    def __init__(self, config):
        self.config = config


def test_every_figure_has_a_caption():
    assert {path.stem for path in CAPTIONS.glob("*.rst")} == {"workflow", *FIGURES}


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda path: path.stem)
def settings(request):
    settings = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    update_config(settings, yaml.safe_load(request.param.read_text(encoding="utf-8")))
    return settings


@pytest.mark.parametrize("name", ["workflow", *FIGURES])
def test_captions_hold_with_every_config(settings, name):
    """A caption that names a key that is gone would stop the report, at the end of the run."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((CAPTIONS / f"{name}.rst").read_text(encoding="utf-8"))
    text = template.render(snakemake=Snakemake(settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of docutils itself
        html = publish_parts(text, writer_name="html", settings_overrides={"halt_level": 2})["html_body"]
    assert len(re.sub("<[^>]+>", "", html).split()) > 40


WORKFLOW = """
configfile: "config.yaml"
report: "workflow.rst"
rule plot:
    output:
        report("a.svg", caption="a.rst", category="Chapter")
    shell:
        "echo '<svg xmlns=\\"http://www.w3.org/2000/svg\\"><title>drawn</title></svg>' > {output}"
rule late:
    input:
        "a.svg"
    output:
        "report.html"
    shell:
        "%s %s --snakefile Snakefile --overrides '{{\\"n\\": 7}}' --report {output} {input}"
        " && touch seen && ls .snakemake/locks > locks"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "Snakefile").write_text(WORKFLOW % (sys.executable, SCRIPTS / "paper_report.py"))
    (tmp_path / "config.yaml").write_text("n: 1\n")
    (tmp_path / "workflow.rst").write_text("About n = {{ snakemake.config['n'] }}.\n")
    (tmp_path / "a.rst").write_text("Caption, n = {{ snakemake.config['n'] }}.\n")
    return tmp_path


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return fork(["-m", "snakemake", "--cores", "1", *arguments], folder)


def test_report_inside_a_run(project):
    """The report of a run that is alive: it has the run's config, and leaves its locks in place."""
    run = snakemake(project, "late")
    assert run.returncode == 0, run.stderr
    html = (project / "report.html").read_text(encoding="utf-8")
    assert "Caption, n = 7." in html
    assert "About n = 7." in html
    assert base64.b64encode((project / "a.svg").read_bytes()).decode() in html
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?https?:", html)
    assert (project / "locks").read_text().split()
    again = snakemake(project, "late")
    assert "Nothing to be done" in again.stderr


def test_a_profile_of_the_user_does_not_matter(project):
    """It could ask for a cluster; this one does not even exist."""
    assert snakemake(project, "a.svg").returncode == 0
    script = SCRIPTS / "paper_report.py"
    command = [
        sys.executable,
        script,
        "--snakefile",
        "Snakefile",
        "--overrides",
        "{}",
        "--report",
        "report.html",
    ]
    environment = {**os.environ, "SNAKEMAKE_PROFILE": "gone"}
    run = subprocess.run([*command, "a.svg"], cwd=project, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "Caption, n = 1." in (project / "report.html").read_text(encoding="utf-8")


def test_a_broken_caption_stops_the_report(project):
    (project / "a.rst").write_text("{{ snakemake.config['gone']['key'] }}\n")
    run = snakemake(project, "late")
    assert run.returncode != 0
    assert "a.rst" in run.stdout + run.stderr
    assert not (project / "report.html").exists()
    assert not list(project.glob(".partial*"))
