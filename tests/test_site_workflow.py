"""The workflow that makes and publishes the site: read as GitHub does, as it cannot be run here."""

import re

import pytest

from vitcourse.common.places import REPO

yaml = pytest.importorskip("yaml")
FILE = REPO / ".github" / "workflows" / "site.yml"


@pytest.fixture
def workflow():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def steps(workflow, job, key):
    return [step[key] for step in workflow["jobs"][job]["steps"] if key in step]


def test_it_calls_the_command_of_the_readme(workflow):
    assert "make site" in steps(workflow, "build", "run")
    assert "make site" in (REPO / "README.md").read_text(encoding="utf-8")
    uploads = [step for step in workflow["jobs"]["build"]["steps"] if "upload-pages-artifact" in step.get("uses", "")]
    assert [step["with"]["path"] for step in uploads] == ["site"]  # where the command writes


def test_only_publishing_may_write_and_only_pages(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["build"]
    assert workflow["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_every_action_is_githubs_own_and_has_a_version():
    used = re.findall(r"uses: (.+)", FILE.read_text(encoding="utf-8"))
    assert used and all(re.fullmatch(r"actions/[\w-]+@v\d+", each) for each in used), used


def test_nothing_is_published_without_an_address_or_from_a_branch(workflow):
    publish = workflow["jobs"]["publish"]
    assert publish["needs"] == "build"
    assert publish["if"] == "github.ref == 'refs/heads/main' && needs.build.outputs.address != ''"
    assert workflow["jobs"]["build"]["outputs"] == {"address": "${{ steps.address.outputs.address }}"}


@pytest.mark.parametrize("address", ["", "https://github.com/someone/vit"])
def test_the_address_is_the_one_in_pyproject(workflow, tmp_path, monkeypatch, capsys, address):
    """The step's Python, run here as the shell would hand it over."""
    script = next(run for run in steps(workflow, "build", "run") if "tomllib" in run)
    python = re.search(r"<<'PYTHON'\n(.*)\nPYTHON", script, re.DOTALL)[1]
    urls = f'\n[project.urls]\nRepository = "{address}"\n' if address else ""
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n{urls}')
    monkeypatch.chdir(tmp_path)
    exec(python, {})
    assert capsys.readouterr().out == f"address={address}\n"
