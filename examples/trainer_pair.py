"""Two transformers trained by `transformers.Trainer`, connected from their folders.

    python examples/trainer_pair.py [FOLDER]

Needs `transformers` and `accelerate`; nothing is downloaded. The task: is there one token more than
once in a row of eight?
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from fourierpathfinder import SinePath, Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape, align_units

N_SAMPLES, LENGTH, N_WORDS = 512, 8, 24


def samples() -> list[dict[str, torch.Tensor]]:
    """Rows of tokens, and whether one of them is there twice, as a Trainer takes them."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(N_WORDS, (N_SAMPLES, LENGTH), generator=generator)
    ordered = rows.sort(dim=1).values
    labels = (ordered[:, 1:] == ordered[:, :-1]).any(dim=1).long()
    return [{"input_ids": row, "labels": label} for row, label in zip(rows, labels, strict=True)]


def trained(data: list[dict[str, torch.Tensor]], seed: int, folder: Path) -> None:
    """Train a small BERT and save it."""
    torch.manual_seed(seed)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = BertConfig(vocab_size=N_WORDS, intermediate_size=64, num_labels=2, **shape)
    settings = TrainingArguments(
        output_dir=str(folder / "runs"),
        num_train_epochs=12,
        per_device_train_batch_size=32,
        learning_rate=2e-3,
        seed=seed,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
        use_cpu=True,
    )
    trainer = Trainer(BertForSequenceClassification(config), settings, train_dataset=data)
    trainer.train()
    trainer.save_model(str(folder))


def main(folder: Path) -> None:
    """Train, connect and print."""
    data = samples()
    first, second = folder / "first", folder / "second"
    for seed, place in enumerate((first, second)):
        trained(data, seed, place)
    model = BertForSequenceClassification.from_pretrained(first)
    landscape = NetworkLandscape(model, None, data)  # the model returns its own loss
    result = find_path(landscape, first, second, method=Stochastic(n_steps=300), rng=0)
    print(result)
    points = torch.linspace(0, 1, 21).numpy()
    line = SinePath.straight(result.path.start, result.path.end, 1)
    print(f"straight line {float(landscape.value(line(points)).max()):.4f}")
    other = BertForSequenceClassification.from_pretrained(second)
    batch = {"input_ids": torch.stack([row["input_ids"] for row in data])}
    aligned = landscape.coordinates(align_units(model, model, other, batch))
    nearer = SinePath.straight(line.start, aligned, 1)
    print(f"      aligned {float(landscape.value(nearer(points)).max()):.4f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with TemporaryDirectory() as folder:
            main(Path(folder))
