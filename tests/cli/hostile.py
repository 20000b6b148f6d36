"""Files that nobody means well with: what they are called, what is in them."""

import base64
import gzip
import io
import json
import os
import zipfile

import numpy as np
from ase import Atoms

GOOD = "4\n\nCu 0 0 0\nCu 2.3 0 0\nCu 1.2 2 0\nCu 1.2 0.7 1.9\n"

_LINE = "4\n{}\nCu 0 0 0\nCu 2.3 0 0\nCu 1.2 2 0\nCu {}\n"


def _lattice(cell):
    return _LINE.format(f'Lattice="{cell}" pbc="T T T" Properties=species:S:1:pos:R:3', "1 .7 1.9")


def _bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xyz", b"0" * 10**7)
    return packed.getvalue()


STRUCTURES = {
    "nan": _LINE.format("", "nan 0 0"),
    "inf": _LINE.format("", "inf 0 0"),
    "minus inf": _LINE.format("", "0 -inf 0"),
    "1e30": _LINE.format("", "1e30 0 0"),
    "1e308": _LINE.format("", "1e308 1e308 0"),
    "-1e7": _LINE.format("", "0 0 -1e7"),
    "a word": _LINE.format("", "here 0 0"),
    "two numbers": _LINE.format("", "0 0"),
    "a formula": _LINE.format("", "__import__('os').abort() 0 0"),
    "no element": GOOD.replace("Cu 0", "Zz 0"),
    "path as element": GOOD.replace("Cu 0", "../../etc/passwd 0"),
    "too many": GOOD.replace("4\n", "999999999\n", 1),
    "minus one": GOOD.replace("4\n", "-1\n", 1),
    "none": "0\n\n",
    "words for number": GOOD.replace("4\n", "four\n", 1),
    "a long number": GOOD.replace("4\n", "9" * 5000 + "\n", 1),
    "empty": "",
    "newlines": "\n" * 1000,
    "nul": "\0" * 1000,
    "bytes": bytes(range(256)) * 20,
    "half": GOOD[: len(GOOD) // 2],
    "html": "<html><script>alert(1)</script></html>",
    "pickle": b"cos\nsystem\n(S'touch PWNED'\ntR.",
    "python": "import os\nos.system('touch PWNED')\n",
    "zip bomb": _bomb(),
    "deep json": "[" * 100_000,
    "cell of zeros": _lattice("0 0 0 0 0 0 0 0 0"),
    "cell in a line": _lattice("1 0 0 2 0 0 0 0 1"),
    "cell in a plane": _lattice("1 0 0 0 1 0 1 1 0"),
    "cell of nan": _lattice("nan 0 0 0 9 0 0 0 9"),
    "cell of 1e30": _lattice("1e30 0 0 0 9 0 0 0 9"),
    "cell of words": _lattice("a b c d e f g h i"),
    "cell cut short": _lattice("9 0 0 0 9"),
    "several": GOOD * 3,
    "twins": GOOD.replace("2.3 0 0", "0 0 0"),
}
"""Structure files."""

_ARRAY = {"dtype": "<f8", "shape": [1], "base64": base64.b64encode(b"\0" * 8).decode()}

ENTRIES = {
    "no point": {},
    "a number": 3,
    "null": None,
    "a list": [1, 2],
    "a point of words": {"point": "here", "value": 0.0, "gradient": _ARRAY},
    "no gradient": {"point": _ARRAY, "value": 0.0},
    "a value of words": {"point": _ARRAY, "value": "much", "gradient": _ARRAY},
    "a huge shape": {"point": {**_ARRAY, "shape": [10**15]}, "value": 0.0, "gradient": _ARRAY},
    "a negative shape": {"point": {**_ARRAY, "shape": [-1]}, "value": 0.0, "gradient": _ARRAY},
    "a shape of words": {"point": {**_ARRAY, "shape": "all"}, "value": 0.0, "gradient": _ARRAY},
    "objects": {"point": {**_ARRAY, "dtype": "|O"}, "value": 0.0, "gradient": _ARRAY},
    "a dtype of code": {"point": {**_ARRAY, "dtype": "os.system"}, "value": 0, "gradient": _ARRAY},
    "text": {"point": {**_ARRAY, "dtype": "<U2"}, "value": 0.0, "gradient": _ARRAY},
    "complex": {"point": {**_ARRAY, "dtype": "<c8"}, "value": 0.0, "gradient": _ARRAY},
    "no base64": {"point": {**_ARRAY, "base64": "!!"}, "value": 0.0, "gradient": _ARRAY},
    "too few bytes": {"point": {**_ARRAY, "base64": "AAA="}, "value": 0.0, "gradient": _ARRAY},
    "two kinds": {"point": _ARRAY, "value": 0.0, "gradient": {**_ARRAY, "shape": [1, 1]}},
}
"""Lines of a file of evaluations, with the right checksum."""

RESULTS = {
    "script": {"message": 3, "method": "__import__('os').system('touch PWNED')"},
    "path of class": {"path": {"start": [0], "end": [1], "__class__": [2]}},
    "path of two kinds": {"path": {"start": [0], "end": [1, 2], "coefficients": [[1]]}},
    "path of nulls": {"path": {"start": [None] * 3, "end": [0] * 3, "coefficients": [[0] * 3]}},
    "path a number": {"path": 3},
    "path of words": {"path": {"start": ["a"], "end": ["b"], "coefficients": [["c"]]}},
    "path ragged": {"path": {"start": [0], "end": [1], "coefficients": [[1], [1, 2]]}},
    "no profile": {"profile": None},
    "profile of words": {"profile": {"times": [0, 1], "energies": ["$\\frac{a$", "x"]}},
    "profile uneven": {"profile": {"times": [0, 1, 2], "energies": [1]}},
    "profile nested": {"profile": {"times": [[0], [1]], "energies": [[1], [2]]}},
    "status": {"status": "__class__"},
    "status a list": {"status": ["CERTIFIED"]},
    "history": {"history": None},
    "history uneven": {"history": {"n_gradients": [1, 2], "heights": [1]}},
    "saddle a number": {"saddle": 3},
    "saddle empty": {"saddle": {}},
    "height of words": {"height": "abc"},
    "height a list": {"height": [1]},
    "height true": {"height": True},
    "height huge": {"height": 10**400},
    "count a float": {"n_gradients": 1.5},
    "certified a word": {"certified": "yes"},
    "schema": {"schema": "fourierpathfinder/heights/2"},
    "no schema": {"schema": None},
}
"""What is changed in a `result.json`, with the right checksum."""

TEXTS = {
    "brackets": "[" * 100_000,
    "digits": "9" * 5000,
    "empty": "",
    "null": "null",
    "list": "[1]",
    "nan": '{"height": NaN}',
    "bytes": bytes(range(256)),
    "cut": json.dumps({"schema": "fourierpathfinder/result/2"})[:-5],
    "forged": '{"schema": "fourierpathfinder/result/2",\n "checksum": "' + "0" * 32 + '"\n}\n',
    "of a release before": '{"schema": "fourierpathfinder/result/1"}',
}
"""Whole files in the place of a `result.json`."""

OPTIONS = {
    "tol 2": ["--tol", "2"],
    "tol nan": ["--tol", "nan"],
    "tol inf": ["--tol", "inf"],
    "tol 0": ["--tol", "0"],
    "timeout inf": ["--timeout", "inf"],
    "timeout nan": ["--timeout", "nan"],
    "timeout -1": ["--timeout", "-1"],
    "budget 0": ["--max-gradients", "0"],
    "budget 1": ["--max-gradients", "1"],
    "budget 2": ["--max-gradients", "2"],
    "budget 1.5": ["--max-gradients", "1.5"],
    "jobs 0": ["--jobs", "0"],
    "jobs words": ["--jobs", "many"],
    "channels 0": ["--channels", "0"],
    "a setting without value": ["--set", "foo"],
    "a setting that is no name": ["--set", "a b=3"],
    "freeze nothing": ["--freeze", ""],
    "freeze words": ["--freeze", "all"],
    "freeze too far": ["--freeze", "0:99,99"],
    "no such calculator": ["-c", "nothing"],
    "a calculator file that is not there": ["-c", "nothing.py:make"],
    "a module that is not there": ["-c", "no_such_module:Calculator"],
    "a structure as calculator": ["-c", "a.xyz:make"],
    "no calculator before the colon": ["-c", ":make"],
    "no calculator": ["-c", ""],
    "a folder as calculator": ["-c", "/:make"],
    "a folder in a file": ["-o", "a.xyz/out"],
    "a file as folder": ["-o", "a.xyz"],
    "a folder of the system's": ["-o", "/proc/out"],
    "a long name of a folder": ["-o", "x" * 300],
    "a scheduler of junk": ["--scheduler", "junk"],
}
"""Options of `find`."""

_HEAD = "name,reactant,product\n"

TABLES = {
    "bytes": bytes(range(256)) * 20,
    "utf-16": (_HEAD + "x,a.xyz,b.xyz\n").encode("utf-16"),
    "empty": "",
    "only a head": _HEAD,
    "no columns": "a,b\n1,2\n",
    "no product": "name,reactant\nx,a.xyz\n",
    "a name above": _HEAD + "../x,a.xyz,b.xyz\n",
    "a name elsewhere": _HEAD + "/tmp/x,a.xyz,b.xyz\n",
    "a hidden name": _HEAD + ".ssh,a.xyz,b.xyz\n",
    "two dots": _HEAD + "..,a.xyz,b.xyz\n",
    "a name of two lines": _HEAD + '"x\ny",a.xyz,b.xyz\n',
    "a name that rings": _HEAD + "x\ay,a.xyz,b.xyz\n",
    "a name with an escape": _HEAD + "\x1b[31mx,a.xyz,b.xyz\n",
    "a name that turns round": _HEAD + "x\u202ey,a.xyz,b.xyz\n",
    "a long name": _HEAD + "x" * 300 + ",a.xyz,b.xyz\n",
    "a very long name": _HEAD + "x" * 200_000 + ",a.xyz,b.xyz\n",
    "a nul in a name": _HEAD + "x\0,a.xyz,b.xyz\n",
    "a nul in a file": _HEAD + "x,a\0.xyz,b.xyz\n",
    "a nul in a note": "name,reactant,product,charge\nx,a.xyz,b.xyz,1\0\n",
    "the same name twice": _HEAD + "x,a.xyz,b.xyz\n" * 2,
    "too many entries": _HEAD + "x,a.xyz,b.xyz,1,2,3\n",
    "a quote that does not end": _HEAD + '"x,a.xyz,b.xyz\n' + "y" * 200_000,
}
"""Tables of `find-many`."""

MANY = {
    "one structure": GOOD,
    "three structures": GOOD * 3,
    "too many atoms": GOOD.replace("4\n", "999999999\n", 1),
    "pickle": b"cos\nsystem\n(S'touch PWNED'\ntR.",
    "bytes": bytes(range(256)) * 20,
    "empty": "",
}
"""Files of structures for `find-many`, and for `--initial`, where one that is good is left out."""

CALCULATORS = {
    "a syntax error": "def make(:\n",
    "an error": "raise RuntimeError('no')\n",
    "an exit": "import sys; sys.exit(7)\n",
    "nothing": "",
    "no calculator": "def make(): return 3\n",
    "not a function": "make = 3\n",
    "arguments": "def make(a, b): return None\n",
    "bytes": bytes(range(128, 256)),
    "nul": "\0",
    "recursion": "def make(): return make()\n",
}
"""Files `calc.py`: this code runs, as it is asked for; what it does wrong is said."""

LINKED = ("run.log", "evaluations.jsonl", "calculator.log", ".lock")
"""Files of an output folder that lead elsewhere."""

CROWDED = {
    "in half an ångström": (10_000, 0.5, None),
    "in one point": (10_000, 0.0, None),
    "in a small cell": (10_000, 3.0, 3.0),
    "in a smaller cell": (2_000, 0.1, 0.1),
    "in a thin cell": (1_000, 0.01, (50, 50, 0.01)),
    "far too many in a box": (20_000, 20.0, None),
}
"""Numbers of atoms, the edge of the cube they lie in, and the cell."""


def crowd(n, size, cell):
    """So many atoms at random places."""
    rng = np.random.default_rng(0)
    edges = [cell] * 3 if isinstance(cell, float) else cell
    return Atoms(f"Cu{n}", rng.uniform(0, size, (n, 3)), cell=edges, pbc=cell is not None)


_SIZE = 2 * 2**30


def put_special(kind, file):
    """In the place of a file what is none, or one without an end."""
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "zeros":
        with file.open("wb") as empty:
            empty.truncate(_SIZE)
    else:
        file.write_bytes(b"4\n" + b"x" * 2**25)


SPECIAL = ("pipe", "device", "zeros", "a line without an end")


def _packed(unpacked, times):
    content = io.BytesIO()
    with gzip.GzipFile(fileobj=content, mode="wb", compresslevel=1) as file:
        for _ in range(times):
            file.write(unpacked)
    return content.getvalue()


PACKED = {
    "zeros": lambda: _packed(b"\0" * 2**22, 64),
    "newlines": lambda: _packed(b"\n" * 2**24, 66),
    "cut short": lambda: _packed(GOOD.encode(), 100)[:-20],
    "not packed": GOOD.encode,
    "empty": lambda: b"",
}
"""Files `x.xyz.gz`."""

CHECKPOINTS = ("objects", "bomb", "huge shape", "negative shape", "pickle", "zip", "text", "folder")
"""What lies in the place of a checkpoint of arrays."""

GRAPHS = {
    "a node of words": {"nodes": [{"position": "x", "value": 1, "label": ""}]},
    "a node without a place": {"nodes": [{"value": 1, "label": ""}]},
    "nodes a number": {"nodes": 3},
    "an edge of nothing": {"edges": [{}]},
    "an edge to nowhere": {"given": [7]},
    "a pair of one": {"pair": [1]},
    "given words": {"given": ["a"]},
    "a huge node": {
        "nodes": [{"position": {**_ARRAY, "shape": [10**15]}, "value": 1, "label": ""}]
    },
}
"""Lines of a graph, with the right checksum."""

TENSORS = {
    "text": b"no tensors",
    "empty": b"",
    "a huge header": (10**15).to_bytes(8, "little") + b"{}",
    "a header of brackets": (10**5).to_bytes(8, "little") + b"[" * 10**5,
    "a tensor beyond the end": (78).to_bytes(8, "little")
    + b'{"x":{"dtype":"F64","shape":[1000000000000],"data_offsets":[0,8000000000000]}}',
    "pickle": b"cos\nsystem\n(S'touch PWNED'\ntR.",
}
"""Files in the place of a saved result."""
