import json
import re
import subprocess

import pytest

from examples.nn_experiments.captions import CAPTIONS
from examples.nn_experiments.figures import FIGURES, draw_all
from examples.nn_experiments.report import render, scientific
from examples.nn_experiments.verdicts import all_claims
from tests.report.browser import CHROMIUM, needs_chromium

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def page(tree, tmp_path):
    """The report of made-up results, built from what a `results.json` would give back."""
    from examples.nn_experiments.outputs import write_figures, write_report

    (tmp_path / "results.json").write_text(json.dumps(tree))
    figures = write_figures(tmp_path)
    assert {path.stem for path in figures} == set(FIGURES)
    assert all(path.read_bytes().startswith(PNG) for path in figures)
    return write_report(tmp_path)


def test_every_figure_has_a_caption():
    assert set(CAPTIONS) == set(FIGURES)


def test_report_is_made_from_results_alone(page, tree):
    text = page.read_text()
    assert text.count("<img ") == len(FIGURES)
    assert text.count("data:image/png;base64,") == len(FIGURES)
    counts = [sum(c["verdict"] == word for c in tree["claims"]) for word in ("confirmed",)]
    assert f"<b>{counts[0]}</b> are confirmed" in text
    assert "1.26e-08" in text  # the paper's own number, beside ours
    assert "not lower" in text
    # Whatever is shown is in the page itself.
    assert re.findall(r'(?:src|href)="(?!data:|https://arxiv|#)', text) == []
    assert "@import" not in text
    assert "<script" not in text


def test_report_without_heights(tree):
    """As it is when a study is under way."""
    for network in tree["networks"].values():
        network["heights"] = {}
        del network["pca"], network["distances"], network["weights"]
    tree["toy"] = None
    tree["claims"] = [claim for claim in tree["claims"] if claim["key"].startswith("training")]
    assert set(draw_all(tree)) == {"figure-2"}
    assert "training loss" in render(tree, {})


def test_claims_of_made_up_results(tree):
    said = {(claim["key"], claim["network"]): claim["verdict"] for claim in tree["claims"]}
    assert said["toy-smoothness", "toy"] == "confirmed"
    assert said["training-loss", "fcp"] == "confirmed"
    assert said["test-loss-rise", "fcp"] == "confirmed"
    assert said["test-loss-rise", "autoencoder"] == "contradicted"
    for kind in ("paper", "converged", "paper-aligned", "converged-aligned"):
        assert said[f"sgd-lower-train-on-train-{kind}", "fcp"] == "confirmed"
        assert said[f"sgd-lower-train-on-train-{kind}", "autoencoder"] == "contradicted"
    for kind in ("paper", "converged"):
        assert said[f"sgd-lower-test-on-test-{kind}", "autoencoder"] == "confirmed"
    assert said["further-out-train", "fcp"] == "confirmed"
    assert said["centroids-close", "fcp"] == "confirmed"
    assert said["pca-separates", "fcp"] == "confirmed"
    assert said["pca-other-kernels", "fcp"] == "confirmed"
    assert said["pca-test-sets", "fcp"] == "contradicted"
    assert said["pca-test-sets", "autoencoder"] == "confirmed"


@pytest.mark.parametrize(
    ("share", "said"), [(1.0, "confirmed"), (1.05, "confirmed"), (1.3, "contradicted")]
)
def test_heights_do_not_exceed_others_where_they_are_shown_to_be_within_a_tenth(tree, share, said):
    """Of equal heights no number of members would show that one lies below the other."""
    for heights in tree["networks"]["autoencoder"]["heights"].values():
        of_test = [2 + 0.1 * height for height in heights["train"]["lbfgs-test"]["heights"]]
        heights["train"]["lbfgs-test"]["heights"] = of_test
        heights["train"]["lbfgs-train"]["heights"] = [share * height for height in of_test]
    found = {claim.key: claim.verdict for claim in all_claims(tree) if claim.network != "fcp"}
    assert found["lbfgs-train-above-test-converged"] == said


@pytest.mark.parametrize(
    ("number", "text"), [(1.26e-8, "1.26e-08"), (0.234, "0.234"), (0.0, "0"), (-2e-3, "-2.00e-03")]
)
def test_numbers_are_short(number, text):
    assert scientific(number) == text


@needs_chromium
def test_page_opens_in_a_browser(page, tmp_path):
    """Every picture is decoded, nothing is fetched, and the console stays empty."""
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'browser'}",
    ]
    probe = page.with_name("probe.html")
    probe.write_text(page.read_text().replace("</body>", PROBE + "</body>"))
    opened = subprocess.run(
        [*command, "--virtual-time-budget=10000", "--dump-dom", probe.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = json.loads(re.search(r'<pre id="seen">(.*?)</pre>', opened.stdout).group(1))
    assert seen["pictures"] == len(FIGURES)
    assert seen["smallest"] > 300
    assert seen["fetched"] == []
    assert "CONSOLE" not in opened.stderr


PROBE = """
<pre id="seen"></pre>
<script>
addEventListener("load", () => {
  const widths = [...document.images].map(image => image.naturalWidth);
  const fetched = performance.getEntriesByType("resource").map(entry => entry.name)
    .filter(name => !name.startsWith("data:"));
  const seen = {pictures: widths.length, smallest: Math.min(...widths), fetched};
  document.getElementById("seen").textContent = JSON.stringify(seen);
});
</script>
"""
