"""Ends as they are stored: files, folders, checkpoints, other names."""

import json
import pathlib
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.network.files import read_state

from .architectures import build, data_of, landscape_of


def end():
    return build("perceptron", seed=5)


def expected():
    return nn.utils.parameters_to_vector(end().parameters()).detach()


def found(state):
    return landscape_of("perceptron").coordinates(state)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod."])
def test_prefixes_are_taken_off(prefix):
    state = {prefix + name: value for name, value in end().state_dict().items()}
    assert torch.equal(found(state), expected())


def test_more_than_one_prefix_is_refused_by_their_names():
    """A network and its average, or one beside the weights of a loss."""
    state = end().state_dict()
    model = {f"model.{name}": value for name, value in state.items()}
    average = {f"ema.{name}": 0 * value for name, value in state.items()}
    with pytest.raises(ValueError, match=r"under each of \['ema.', 'model.'\]; pass those"):
        found({"state_dict": model | average})
    with pytest.raises(ValueError, match=r"under 'model.', and beside them \['loss.weight'\]"):
        found(model | {"loss.weight": torch.ones(3)})
    both = model | average
    meant = {n: both[n] for n in both if n.startswith("model.")}  # as the message tells
    assert torch.equal(found(meant), expected())


def test_prefixes_that_the_module_has_are_put_on():
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = build("perceptron")

        def forward(self, x):
            return self.model(x)

    landscape = NetworkLandscape(Wrapped(), nn.functional.cross_entropy, data_of("perceptron"))
    assert torch.equal(landscape.coordinates(end().state_dict()), expected())


def test_names_of_adapters():
    class Adapted(nn.Module):
        def __init__(self):
            super().__init__()
            self.base = nn.Linear(5, 3).requires_grad_(False)
            self.lora_A = nn.ModuleDict({"default": nn.Linear(5, 2, bias=False)})
            self.lora_B = nn.ModuleDict({"default": nn.Linear(2, 3, bias=False)})

        def forward(self, x):
            return self.base(x) + self.lora_B["default"](self.lora_A["default"](x))

    module = Adapted()
    landscape = NetworkLandscape(module, nn.functional.cross_entropy, data_of("perceptron"))
    assert landscape.n_coordinates == 16
    stored = {
        "base_model.model.lora_A.weight": torch.ones(2, 5),
        "base_model.model.lora_B.weight": torch.zeros(3, 2),
    }
    for state in (stored, {n.removeprefix("base_model.model."): v for n, v in stored.items()}):
        assert landscape.coordinates(state).tolist() == [1.0] * 10 + [0.0] * 6


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model_state", "model"])
def test_checkpoints(key, tmp_path):
    checkpoint = {key: end().state_dict(), "epoch": 7, "optimizer": {"state": {}}}
    assert torch.equal(found(checkpoint), expected())
    torch.save(checkpoint, tmp_path / "last.ckpt")
    assert torch.equal(found(tmp_path / "last.ckpt"), expected())
    assert torch.equal(found(str(tmp_path / "last.ckpt")), expected())


def test_one_state_dict_of_several(tmp_path):
    both = {"state_dict": end().state_dict(), "model": build("perceptron").state_dict()}
    with pytest.raises(ValueError, match=r"a state dict under each of \['state_dict', 'model'\]"):
        found(both)
    settings = {"model": {"name": "perceptron", "width": 4}, "state_dict": end().state_dict()}
    assert torch.equal(found(settings), expected())


def test_a_whole_module_in_a_file(tmp_path):
    torch.save(end(), tmp_path / "module.pt")
    with pytest.raises(ValueError, match=r"it holds other objects than tensors, which only code"):
        found(tmp_path / "module.pt")


def test_files_and_folders(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    torch.save(end().state_dict(), tmp_path / "end.pt")
    safetensors.save_file(end().state_dict(), tmp_path / "end.safetensors")
    (tmp_path / "saved").mkdir()
    safetensors.save_file(end().state_dict(), tmp_path / "saved" / "model.safetensors")
    for name in ("end.pt", "end.safetensors", "saved"):
        assert torch.equal(found(tmp_path / name), expected())
    (tmp_path / "sharded").mkdir()
    shards = {"0.weight": "a.safetensors", "3.weight": "b.safetensors", "3.bias": "b.safetensors"}
    for file in set(shards.values()):
        part = {n: v for n, v in end().state_dict().items() if shards[n] == file}
        safetensors.save_file(part, tmp_path / "sharded" / file)
    index = tmp_path / "sharded" / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    assert torch.equal(found(tmp_path / "sharded"), expected())


class Touches:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


def test_no_code_of_a_file_is_run(tmp_path):
    with (tmp_path / "evil.pt").open("wb") as file:
        pickle.dump(Touches(tmp_path / "touched"), file)
    with pytest.raises(ValueError, match=r"evil.pt' could not be read as parameters"):
        found(tmp_path / "evil.pt")
    assert not (tmp_path / "touched").exists()


def test_what_is_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"'nowhere.pt' does not exist"):
        found("nowhere.pt")
    with pytest.raises(ValueError, match=r"has none of model.safetensors.index.json"):
        found(tmp_path)
    with pytest.raises(ValueError, match=r"it holds \['epoch'\], and no state dict"):
        found({"epoch": 3})


def test_tensors_in_their_order():
    assert torch.equal(found(list(end().parameters())), expected())
    for named in (end().named_parameters(), list(end().state_dict().items())):
        assert torch.equal(found(named), expected())
    with pytest.raises(ValueError, match=r"the 2 tensors have shapes .* 3 trainable parameters"):
        found(list(end().parameters())[:2])
    with pytest.raises(TypeError, match="an end is a object; pass a module"):
        found(object())


WHOLE = (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool)


@pytest.mark.parametrize("dtype", [*WHOLE, torch.complex64])
def test_parameters_that_are_no_floats_are_refused(dtype):
    """Quantised weights mean something else than their numbers."""
    state = end().state_dict()
    name = next(iter(state))
    state[name] = state[name].to(dtype)
    for given in (state, list(state.values())):
        with pytest.raises(ValueError, match=f"'{name}' is of {dtype}; parameters must be floats"):
            found(given)


@pytest.mark.parametrize("given", [dict, list, "module"])
def test_parameters_without_numbers_are_refused(given):
    state = end().to("meta").state_dict()
    of = {dict: state, list: list(state.values()), "module": end().to("meta")}[given]
    with pytest.raises(ValueError, match="on the device `meta`, which holds no numbers"):
        found(of)


def test_tied_weights_under_either_name():
    state = build("tied", seed=5).state_dict()
    for kept, left_out in (("middle", "again"), ("again", "middle")):
        part = {n: v for n, v in state.items() if n != f"{left_out}.weight"}
        part["first.weight"] = build("tied").state_dict()["first.weight"]
        part["first.bias"] = build("tied").state_dict()["first.bias"]
        point = landscape_of("tied").coordinates(part)
        assert torch.equal(point[1:17], state[f"{kept}.weight"].reshape(-1))


def test_messages_are_short():
    other = nn.Sequential(*[nn.Linear(1, 1) for _ in range(300)])
    with pytest.raises(ValueError, match=r"and 59[0-9] more") as caught:
        found(other.state_dict())
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["end.pt", "end.safetensors"])
@pytest.mark.parametrize("content", [b"", b"not what the name says"])
def test_files_that_are_cut_short(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name}' could not be read as parameters"):
        read_state(tmp_path / name)


def test_arrays_of_numpy_in_a_state_dict():
    landscape, module = _landscape_and_module()
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    assert torch.equal(landscape.coordinates(state), landscape.coordinates(module))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_parts_that_were_compiled_or_wrapped_have_other_names():
    plain = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.Linear(3, 3)))
    compiled = torch.nn.Sequential(plain[0], torch.compile(plain[1]))
    data = torch.ones(4, 2), torch.zeros(4, 3)
    one, other = (
        NetworkLandscape(module, torch.nn.functional.mse_loss, data) for module in (plain, compiled)
    )
    expected = one.coordinates(plain)
    for part in ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"):
        names = {n: n.replace("1.", f"1.{part}.") for n in plain.state_dict()}
        state = {names[name]: value for name, value in plain.state_dict().items()}
        assert torch.equal(one.coordinates(state), expected)
        assert torch.equal(other.coordinates(state), expected)
        state = {f"model.{name}": value for name, value in state.items()}
        assert torch.equal(one.coordinates(state), expected)
    assert torch.equal(other.coordinates(plain), expected)
    assert torch.equal(one.coordinates(compiled), expected)


def _landscape_and_module():
    module = torch.nn.Linear(2, 3)
    data = torch.ones(4, 2), torch.zeros(4, 3)
    return NetworkLandscape(module, torch.nn.functional.mse_loss, data), torch.nn.Linear(2, 3)


def as_safetensors(path):
    pytest.importorskip("safetensors").torch.save_file(end().state_dict(), path)


def as_npz(path):
    arrays = {name: tensor.numpy() for name, tensor in end().state_dict().items()}
    with path.open("wb") as file:  # which adds nothing to the name
        np.savez(file, **arrays)


KINDS = {
    "safetensors": as_safetensors,
    "torch": lambda path: torch.save(end().state_dict(), path),
    "numpy": as_npz,
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("safetensors", "M.SAFETENSORS"),
        ("safetensors", "model.bin"),
        ("safetensors", "model.pt"),
        ("safetensors", "model"),
        ("torch", "model.safetensors"),
        ("torch", "MODEL.PTH"),
        ("numpy", "model.npz"),
        ("numpy", "MODEL.NPZ"),
    ],
)
def test_a_file_is_what_it_holds_whatever_its_name(tmp_path, kind, name):
    if kind == "safetensors":
        pytest.importorskip("safetensors.torch")
    KINDS[kind](tmp_path / name)
    assert torch.equal(found(tmp_path / name), expected())


def test_a_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    torch.save(end().state_dict(), tmp_path / "end.pt")
    assert torch.equal(found("~/end.pt"), expected())


def test_an_index_is_an_end_as_its_folder_is(tmp_path):
    state = end().state_dict()
    names = {name: f"part-{k % 2}.bin" for k, name in enumerate(state)}
    for part in set(names.values()):
        torch.save({n: t for n, t in state.items() if names[n] == part}, tmp_path / part)
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    for place in (index, tmp_path):
        assert torch.equal(found(place), expected())


@pytest.mark.parametrize("content", ["{}", "{", "[]", '{"weight_map": 3}', '{"weight_map": [3]}'])
def test_a_broken_index_is_named(tmp_path, content):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(content)
    for place in (index, tmp_path):
        with pytest.raises(ValueError, match=r"safetensors.index.json' is no index of parameters"):
            found(place)


def test_an_open_file_is_no_end(tmp_path):
    torch.save(end().state_dict(), tmp_path / "end.pt")
    with (tmp_path / "end.pt").open("rb") as file, pytest.raises(TypeError, match="an open file"):
        found(file)
