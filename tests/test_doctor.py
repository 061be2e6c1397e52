"""doctor says what is missing and what to do, and its exit code is true."""

import socket

import pytest

from vitcourse import doctor
from vitcourse.doctor import MISSING, NOTE, OK, Finding


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr(doctor, "can_connect", lambda *args, **kwargs: False)


def by_topic(findings):
    return {finding.topic: finding for finding in findings}


def test_this_machine_runs_the_course(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path / "data"))
    assert doctor.main(tmp_path / "progress") == 0
    text = capsys.readouterr().out
    for word in ("python", "torch", "ipywidgets", "precision", "cifar10", "network", str(tmp_path / "progress")):
        assert word in text
    assert text.endswith("The course runs here.\n")
    assert not (tmp_path / "data").exists() and not (tmp_path / "progress").exists()  # it only looks


def test_every_requirement_of_pyproject_is_looked_at():
    topics = by_topic(doctor.packages())
    for line in doctor._project()["dependencies"] + doctor._project()["optional-dependencies"]["lab"]:
        assert line.split(">")[0] in topics


def test_an_absent_and_an_old_package_are_missing(monkeypatch, capsys):
    real = doctor._installed
    versions = {"torch": "2.5.1+cu121", "tqdm": None}
    monkeypatch.setattr(doctor, "_installed", lambda name: versions[name] if name in versions else real(name))
    found = by_topic(doctor.packages())
    assert found["torch"].status == MISSING and "2.5.1" in found["torch"].text and "pip install" in found["torch"].todo
    assert found["tqdm"].status == MISSING and found["numpy"].status == OK
    assert doctor.main() == 1 and "2 of" in capsys.readouterr().out


def test_jupyterlab_is_needed_only_on_ones_own_machine(monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda name: None if name == "jupyterlab" else "99")
    assert by_topic(doctor.packages())["jupyterlab"].status == NOTE
    monkeypatch.setattr(doctor, "place", lambda: "Colab")
    assert "jupyterlab" not in by_topic(doctor.packages())


@pytest.mark.parametrize(("found", "status"), [("2.10.0", OK), ("2.6.0+cu128", OK), ("2.5.9", MISSING)])
def test_versions_compare_as_numbers(found, status, monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda name: found)
    assert doctor._package("torch>=2.6", MISSING).status == status


def test_an_old_python_is_missing(monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.9.2")
    assert doctor.python().status == MISSING


def test_colab_and_kaggle_are_known(monkeypatch):
    assert doctor.place() == "local"
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert doctor.place() == "Kaggle"
    monkeypatch.setitem(doctor.sys.modules, "google.colab", object())
    assert doctor.place() == "Colab"


def test_no_gpu_is_a_note_with_what_it_means(monkeypatch):
    import torch

    monkeypatch.setattr("vitcourse.training.device.pick_device", lambda name=None: torch.device("cpu"))
    finding = doctor.compute()
    assert finding.status == NOTE and "shapes" in finding.todo
    monkeypatch.setattr(doctor, "place", lambda: "Colab")
    assert "T4" in doctor.compute().todo


def test_a_forced_precision_is_shown_and_a_wrong_one_must_be_mended(monkeypatch):
    monkeypatch.setenv("VITCOURSE_PRECISION", "fp16")
    assert doctor.compute().text.endswith("precision fp16 (forced by VITCOURSE_PRECISION)")
    monkeypatch.setenv("VITCOURSE_PRECISION", "int8")
    finding = doctor.compute()
    assert finding.status == MISSING and "'int8'" in finding.todo and "fp32" in finding.todo


def test_the_network_is_asked_with_a_timeout(monkeypatch):
    monkeypatch.undo()
    asked = {}

    def refuse(address, timeout):
        asked.update(address=address, timeout=timeout)
        raise socket.gaierror("no name server")

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert doctor.network().status == NOTE and asked["timeout"] <= 2 and asked["address"][0] == doctor.CIFAR10_HOST
    monkeypatch.setattr(doctor, "can_connect", lambda *args: True)
    assert doctor.network().status == OK


def test_the_data_folder_says_what_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path))
    assert by_topic(doctor.data_folder())["cifar10"].status == NOTE
    monkeypatch.setattr(doctor, "_free_bytes", lambda folder: 1000)
    assert "no room" in by_topic(doctor.data_folder())["cifar10"].text
    (tmp_path / doctor.CIFAR10_FOLDER).mkdir()
    assert by_topic(doctor.data_folder())["cifar10"].status == OK


def test_a_folder_that_cannot_be_written_says_what_to_set(tmp_path):
    (tmp_path / "file").write_text("")
    finding = doctor.writable_folder("data", tmp_path / "file" / "below", "Set VITCOURSE_DATA.")
    assert finding.status == NOTE and finding.todo == "Set VITCOURSE_DATA."
    assert doctor.writable_folder("data", tmp_path / "new", "").status == OK


def test_the_text_has_a_line_for_each_finding_and_each_todo():
    text = doctor.render([Finding("a", OK, "fine"), Finding("long", MISSING, "gone", "get it")])
    assert text.splitlines() == [
        "a     OK    fine",
        "long  MISSING  gone",
        "      -> get it",
        "",
        "The course does not run here yet: 1 of 2 findings must be mended first.",
    ]
