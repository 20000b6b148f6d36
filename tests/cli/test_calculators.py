"""Every way to name a calculator."""

import pickle

import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.calculators.morse import MorsePotential

from fourierpathfinder.cli.calculators import calculator_factory, unheard
from fourierpathfinder.cli.exits import InputError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("emt", EMT),
        ("ase.calculators.emt:EMT", EMT),
        ("lj", LennardJones),
    ],
)
def test_a_name_becomes_a_calculator_in_any_process(name, kind):
    factory = pickle.loads(pickle.dumps(calculator_factory(name)))
    assert isinstance(factory(), kind)


def test_settings_are_json_where_they_can_be_and_text_otherwise():
    factory = calculator_factory("lj", settings=["sigma=2.5", "smooth=true", "label=x y"])
    assert factory.settings["sigma"] == 2.5
    assert factory.settings["smooth"] is True
    assert factory.settings["label"] == "x y"
    assert factory.settings["epsilon"] == 0.01032


def test_lj_is_argon_unless_told_otherwise():
    pair = Atoms("Ar2", [(0, 0, 0), (3.405 * 2 ** (1 / 6), 0, 0)])
    pair.calc = calculator_factory("lj")()
    assert pair.get_potential_energy() == pytest.approx(-0.01032, abs=1e-6)
    assert abs(pair.get_forces()).max() < 1e-6


def test_tblite_takes_its_method():
    pytest.importorskip("tblite", reason="this calculator is tblite's")
    calculator = calculator_factory("tblite", "GFN1-xTB")()
    assert calculator.parameters["method"] == "GFN1-xTB"


def test_other_names_of_ase():
    assert isinstance(calculator_factory("morse")(), MorsePotential)


def test_a_file_of_one_s_own_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "calc.py").write_text(
        "from ase.calculators.lj import LennardJones\n"
        "def make(depth=1.0):\n"
        "    return LennardJones(epsilon=depth)\n"
    )
    monkeypatch.chdir(tmp_path)
    factory = calculator_factory("calc.py:make", settings=["depth=0.5"])
    monkeypatch.chdir("/")
    assert factory().parameters["epsilon"] == 0.5


def test_its_text_names_the_calculator_and_its_settings():
    text = str(calculator_factory("tblite", "GFN2-xTB"))
    assert text == "tblite.ase:TBLite(accuracy=0.01, verbosity=0, method='GFN2-xTB')"


@pytest.mark.parametrize("name", ["xtb", "GFN2-xTB", "gfn1"])
def test_methods_of_tblite_lead_to_it(name):
    with pytest.raises(InputError, match=f"no calculator '{name}'; give tblite with --method GFN"):
        calculator_factory(name)


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="there is no calculator 'dtf'"):
        calculator_factory("dtf")


def test_a_charge_that_only_the_file_states_is_told():
    ion = Atoms("OH", [(0, 0, 0), (0, 0, 0.97)], info={"charge": -1, "multiplicity": 1})
    (finding,) = unheard(calculator_factory("tblite", "GFN2-xTB"), ion)
    assert "states charge -1, which the calculator is not given; pass --set charge=-1" in (
        finding.sentence
    )
    assert not unheard(calculator_factory("tblite", settings=["charge=-1"]), ion)
    assert not unheard(calculator_factory("tblite"), Atoms("H2O"))
