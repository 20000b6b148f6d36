"""Structures to turn and play, by 3Dmol.js, which is packaged with its licence."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np

_SCRIPT = """
(function () {
  const films = JSON.parse(document.getElementById("films").textContent);
  const place = document.getElementById("viewer");
  const slider = document.getElementById("frame");
  const told = document.getElementById("told");
  let viewer;
  try {
    viewer = $3Dmol.createViewer(place, {backgroundColor: "white"});
  } catch (error) {
    viewer = null;
  }
  if (!viewer) {
    place.textContent = "This browser cannot draw in three dimensions (WebGL is off).";
    return;
  }
  let film = films[0], frame = 0, timer = null;
  function show(k) {
    frame = k % film.frames.length;
    viewer.removeAllModels();
    viewer.removeAllShapes();
    viewer.addModel(film.frames[frame], "xyz");
    viewer.setStyle({}, {stick: {radius: 0.12}, sphere: {scale: 0.26}});
    film.edges[frame % film.edges.length].forEach(edge => viewer.addLine(
      {start: edge[0], end: edge[1], color: "#888888"}));
    viewer.render();
    slider.value = frame;
    told.textContent = film.notes[frame];
  }
  function choose(name) {
    film = films.find(one => one.name === name);
    slider.max = film.frames.length - 1;
    show(film.first);
  }
  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => show(frame + 1), 90) : null;
    document.getElementById("play").textContent = on ? "pause" : "play";
  }
  slider.addEventListener("input", () => { play(false); show(Number(slider.value)); });
  document.getElementById("play").addEventListener("click", () => play(timer === null));
  document.querySelectorAll("[data-film]").forEach(button => button.addEventListener(
    "click", () => { choose(button.dataset.film); play(button.dataset.film !== "path"); }));
  choose("path");
  viewer.zoomTo();
  viewer.zoom(film.edges[0].length ? 1.15 : 1.5);
  viewer.rotate(-70, "x");
  viewer.render();
  document.body.dataset.drawn = viewer.selectedAtoms({}).length;
})();
"""


def viewer(images: Sequence[Any], mode: Sequence[Any]) -> str:
    """The viewer's part of the page: the path, and the imaginary mode where there is one."""
    films = [_film("path", images)]
    if mode:
        films.append(_film("mode", mode))
    buttons = '<button data-film="path">path</button>' + (
        '<button data-film="mode">imaginary mode</button>' if mode else ""
    )
    return (
        '<div id="viewer" role="img" aria-label="the structures"></div>\n'
        f'<p class="controls">{buttons}<button id="play">play</button>'
        '<input id="frame" type="range" min="0" value="0" aria-label="place on the path">'
        '<span id="told"></span></p>\n'
        f'<script type="application/json" id="films">{_inside(json.dumps(films))}</script>\n'
        f"<script>{_library()}</script>\n<script>{_SCRIPT}</script>\n"
    )


def _library() -> str:
    place = files("fourierpathfinder.report") / "viewer_3dmol" / "3Dmol-min.js"
    # a script ends at the first of these words, even within its text
    return place.read_text(encoding="utf-8").replace("</script", "<\\/script")


def _inside(text: str) -> str:
    """JSON that does not end the element that it stands in."""
    return text.replace("</", "<\\/")


def _film(name: str, images: Sequence[Any]) -> dict[str, Any]:
    notes = [_note(image) for image in images]
    highest = int(np.argmax([_energy(image) for image in images])) if name == "path" else 0
    return {
        "name": name,
        "frames": [_xyz(image) for image in images],
        "notes": notes,
        "first": highest,
        "edges": _all_edges(images),
    }


def _xyz(image: Any) -> str:
    rows = zip(image.get_chemical_symbols(), image.positions, strict=True)
    lines = [f"{symbol} {x:.4f} {y:.4f} {z:.4f}" for symbol, (x, y, z) in rows]
    return "\n".join([str(len(image)), "", *lines, ""])


def _energy(image: Any) -> float:
    return float("-inf") if image.calc is None else float(image.get_potential_energy())


def _note(image: Any) -> str:
    if "frequency" in image.info:
        frequency = image.info["frequency"]
        return f"{abs(frequency):.0f}{'i' if frequency < 0 else ''} cm⁻¹"
    told = f"t = {image.info['t']:.3f}" if "t" in image.info else ""
    return told if image.calc is None else f"{told}, {_energy(image):.4f} eV"


def _all_edges(images: Sequence[Any]) -> list[list[list[dict[str, float]]]]:
    """The edges of the cell for each frame; once where it is the same in all of them."""
    is_the_same = all(np.array_equal(image.cell, images[0].cell) for image in images)
    return [_edges(image) for image in (images[:1] if is_the_same else images)]


def _edges(image: Any) -> list[list[dict[str, float]]]:
    """The edges of the cell, where something repeats."""
    if not image.pbc.any():
        return []
    cell = np.asarray(image.cell)
    corners = {
        (i, j, k): np.array([i, j, k]) @ cell for i in (0, 1) for j in (0, 1) for k in (0, 1)
    }
    pairs = [
        (a, b) for a in corners for b in corners if a < b and sum(map(abs, np.subtract(a, b))) == 1
    ]
    return [[_point(corners[a]), _point(corners[b])] for a, b in pairs]


def _point(vector: np.ndarray) -> dict[str, float]:
    return {axis: round(float(value), 4) for axis, value in zip("xyz", vector, strict=True)}
