"""CIFAR-10: read without a network when it is there, and each way a download fails said in a sentence."""

import errno
import pickle
from urllib.error import HTTPError, URLError

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10
from torchvision.datasets import cifar as torchvision_cifar

from vitcourse.data import DataError, data_root, load_data
from vitcourse.data.subset import balanced_subset

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def no_download(*args, **kwargs):
    raise AssertionError("the network was used")


@pytest.fixture
def tiny_cifar(tmp_path, monkeypatch):
    """A folder as the published archive unpacks to, with 20 images a file; the hashes are not the published ones."""
    place = tmp_path / "cifar-10-batches-py"
    place.mkdir()
    draw = np.random.default_rng(0)
    for name, _ in CIFAR10.train_list + CIFAR10.test_list:
        data = draw.integers(0, 256, (20, 3072), dtype=np.uint8)
        (place / name).write_bytes(pickle.dumps({"data": data, "labels": [i % 10 for i in range(20)]}))
    (place / "batches.meta").write_bytes(pickle.dumps({"label_names": NAMES}))
    monkeypatch.setattr(CIFAR10, "train_list", [[name, None] for name, _ in CIFAR10.train_list])
    monkeypatch.setattr(CIFAR10, "test_list", [[name, None] for name, _ in CIFAR10.test_list])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": None})
    monkeypatch.setattr(torchvision_cifar, "download_and_extract_archive", no_download)
    return tmp_path


def fail_with(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(torchvision_cifar, "download_and_extract_archive", fail)


def test_data_that_is_there_needs_no_network(tiny_cifar):
    data = load_data("cifar10", root=tiny_cifar)
    assert data.name == "cifar10" and data.classes == tuple(NAMES)
    assert data.train.images.shape == (100, 3, 32, 32) and data.train.images.dtype == torch.uint8
    assert len(data.test) == 20 and data.train.masks is None
    first = pickle.loads((tiny_cifar / "cifar-10-batches-py" / "data_batch_1").read_bytes())
    # The file keeps an image as all red values, then green, then blue, row by row.
    assert torch.equal(data.train.images[3].flatten(), torch.from_numpy(first["data"][3]))
    assert data.train.targets[:20].tolist() == first["labels"]


def test_subsets_and_other_sizes(tiny_cifar):
    data = load_data("cifar10", root=tiny_cifar, train_size=30, test_size=10, img_size=16, seed=2)
    assert data.img_size == (16, 16) and data.train.images.dtype == torch.uint8
    assert data.train.targets.bincount().tolist() == [3] * 10
    assert data.test.targets.bincount().tolist() == [1] * 10


@pytest.mark.parametrize(
    "error, words",
    [
        (URLError("Name or service not known"), ["no way to its server", "Name or service", "shapes", "network"]),
        (TimeoutError("timed out"), ["no way to its server", "timed out"]),
        (HTTPError("address", 403, "Forbidden", None, None), ["403", "Forbidden", "shapes"]),
        (RuntimeError("File not found or corrupted."), ["torn", "Delete", "cifar-10-python.tar.gz"]),
        (EOFError("Compressed file ended"), ["torn", "Compressed file ended"]),
        (OSError(errno.ENOSPC, "No space left on device"), ["disk is full", "VITCOURSE_DATA"]),
        (PermissionError(errno.EACCES, "Permission denied"), ["cannot be written", "VITCOURSE_DATA"]),
        (OSError(errno.EROFS, "Read-only file system"), ["cannot be written", "root"]),
    ],
)
def test_a_failed_download_says_why_and_what_to_do(tmp_path, monkeypatch, error, words):
    fail_with(monkeypatch, error)
    with pytest.raises(DataError) as caught:
        load_data("cifar10", root=tmp_path)
    assert all(word in str(caught.value) for word in words), caught.value
    assert caught.value.__cause__ is error


def test_a_file_where_the_folder_should_be(tmp_path, monkeypatch):
    root = tmp_path / "data"
    root.write_text("a file")
    with pytest.raises(DataError, match="not a folder"):
        load_data("cifar10", root=root)


def test_a_torn_batch_is_said(tiny_cifar):
    (tiny_cifar / "cifar-10-batches-py" / "data_batch_2").write_bytes(b"\x80\x04torn")
    with pytest.raises(DataError, match="torn"):
        load_data("cifar10", root=tiny_cifar)


def test_the_default_without_a_gpu_is_shapes():
    assert load_data(train_size=20, test_size=10).name == "shapes"


def test_the_default_on_a_gpu_falls_back_to_shapes_and_says_so(tmp_path, monkeypatch, capsys):
    """The meta device stands for a GPU: it is not the CPU, and tensors can be sent there."""
    fail_with(monkeypatch, URLError("unreachable"))
    data = load_data(device="meta", root=tmp_path, train_size=20, test_size=10)
    printed = capsys.readouterr().out
    assert data.name == "shapes" and data.train.images.device.type == "meta"
    assert "shapes" in printed and "unreachable" in printed


def test_the_default_on_a_gpu_is_cifar10(tiny_cifar):
    data = load_data(device="meta", root=tiny_cifar)
    assert data.name == "cifar10" and data.test.targets.device.type == "meta" and data.mean.device.type == "meta"


def test_the_download_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path / "elsewhere"))
    assert data_root() == tmp_path / "elsewhere"
    monkeypatch.delenv("VITCOURSE_DATA")
    assert data_root().name == "data" and (data_root().parent / "vitcourse").is_dir()


def test_a_balanced_subset_takes_as_many_of_each_class():
    targets = torch.tensor([0] * 50 + [1] * 3 + [2] * 50)
    chosen = balanced_subset(targets, 23, seed=0)
    assert targets[chosen].bincount().tolist() == [10, 3, 10]
    assert chosen.unique().numel() == 23
    assert torch.equal(chosen, balanced_subset(targets, 23, seed=0))
    assert not torch.equal(chosen, balanced_subset(targets, 23, seed=1))
    assert torch.equal(balanced_subset(targets, None, seed=0), torch.arange(103))
    assert torch.equal(balanced_subset(targets, 500, seed=0), torch.arange(103))
