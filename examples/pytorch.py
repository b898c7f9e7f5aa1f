#!/usr/bin/env python3
"""Trains an example with PyTorch itself and draws its loss beside Assay's.

    assay train examples/NAME --record exact --result exact-result
    assay train examples/NAME --record tolerant --result tolerant-result --backend torch
    python examples/pytorch.py examples/NAME exact tolerant exact-result tolerant-result

From a record come the initial weights and the rows of each batch; all else is PyTorch's own: the network of export.py,
autograd, torch.optim, torch.nn.utils.clip_grad_norm_. Writes curve.svg and curve.json into the example's folder.
`scripts/curves` runs all of it.
"""
import argparse
import fnmatch
import gzip
import importlib.util
import json
import math
import os
import sys
import tomllib
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

SMOOTHED = 60  # points of a curve at most: each the mean of neighbouring steps


def find(folder: Path, file: str) -> Path:
    """Where `assay` finds a task's file."""
    cache = Path(os.environ.get("ASSAY_CACHE", Path.home() / ".cache/assay")) / "datasets"
    roots = [folder, *map(Path, filter(None, os.environ.get("ASSAY_DATA", "").split(":"))), Path("/usr/share/datasets")]
    roots += [cache, cache / "dataset-fashion-mnist/usr/share/datasets"]
    for path in (root / file for root in roots):
        if path.is_file():
            return path
    sys.exit(f"pytorch.py: {file} is nowhere in {', '.join(map(str, roots))}; run scripts/examples {folder.name}")


def tensor(folder: Path, source: dict) -> torch.Tensor:
    path = find(folder, source["file"])
    if path.suffix == ".safetensors":
        tensors = load_file(path)
        return tensors[source["name"]] if "name" in source else next(iter(tensors.values()))
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    rank = data[3]
    dims = [int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(rank)]
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=4 + 4 * rank).copy()).view(dims)


def network(folder: Path, task: dict) -> nn.Module:
    path = (folder / task["model"]).with_name("export.py")
    spec = importlib.util.spec_from_file_location("export", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build()


def adapt(model: nn.Module, parameters: dict, start: dict) -> None:
    """Low-rank adapters beside linear layers (E. Hu et al., 2021), and what is frozen."""
    for name, parameter in model.named_parameters():
        frozen = "lora" in parameters or any(fnmatch.fnmatch(name, p) for p in parameters.get("freeze", []))
        parameter.requires_grad_(not frozen)
    lora = parameters.get("lora", {"on": []})
    for name, layer in list(model.named_modules()):
        weight = f"{name}.weight"
        if not isinstance(layer, nn.Linear) or not any(fnmatch.fnmatch(weight, p) for p in lora["on"]):
            continue
        layer.register_parameter("weight_a", nn.Parameter(start[f"{weight}.lora_A"].clone()))
        layer.register_parameter("weight_b", nn.Parameter(start[f"{weight}.lora_B"].clone()))
        scale = lora["alpha"] / lora["rank"]
        layer.register_forward_hook(lambda layer, x, y: y + scale * (x[0] @ layer.weight_a.T) @ layer.weight_b.T)


def load(model: nn.Module, values: dict) -> None:
    """Parameters and running statistics by name; what a checkpoint has besides is the optimiser's."""
    mine = model.state_dict()
    names = {name: name for name in mine if not name.endswith("num_batches_tracked")}
    names |= {n: n.removesuffix("_a") + ".lora_A" for n in mine if n.endswith("weight_a")}
    names |= {n: n.removesuffix("_b") + ".lora_B" for n in mine if n.endswith("weight_b")}
    with torch.no_grad():
        for name, theirs in names.items():
            mine[name].copy_(values[theirs].view(mine[name].shape))


def rate(schedule: dict, base: float, steps: int, step: int) -> float:
    """docs/src/submitters.md, "The training table"."""
    warmup = schedule.get("warmup", 0)
    if step < warmup:
        return base * (step + 1) / warmup
    kind = schedule.get("kind", "constant")
    if kind == "constant":
        return base
    if kind == "step":
        return base * schedule["factor"] ** ((step - warmup) // schedule["every"])
    end, until = schedule.get("end", 0.0), max(schedule.get("steps", steps), warmup + 1)
    share = (min(step, until) - warmup) / (until - warmup)
    if kind == "linear":
        return base + share * (end - base)
    return end + (base - end) * (1 + math.cos(math.pi * share)) / 2


def optimiser(model: nn.Module, table: dict) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    common = {"lr": table["learning-rate"], "weight_decay": table.get("weight-decay", 0.0)}
    if table.get("kind", "sgd") == "sgd":
        return torch.optim.SGD(parameters, momentum=table.get("momentum", 0.0), nesterov=table.get("nesterov", False), **common)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[table["kind"]]
    return kind(parameters, betas=tuple(table.get("betas", [0.9, 0.999])), eps=table.get("epsilon", 1e-8), **common)


class Run:
    """An example, as PyTorch sees it."""

    def __init__(self, folder: Path, start: dict) -> None:
        self.task = tomllib.loads((folder / "task.toml").read_text())
        self.training, data = self.task["training"], self.task["data"]
        if self.training.get("loss", "cross-entropy") != "cross-entropy" or "ignore-index" in self.training:
            sys.exit(f"pytorch.py: {folder.name}: only cross-entropy over all labels is drawn")
        scale, shift = data.get("scale", 1.0), data.get("shift", 0.0)
        read = lambda name: tensor(folder, data[name])
        self.inputs, self.labels, self.test = read("train-inputs"), read("train-labels"), (read("test-inputs"), read("test-labels"))
        self.model = network(folder, self.task)
        adapt(self.model, self.training.get("parameters", {}), start)
        load(self.model, start)
        embeds = any(isinstance(layer, nn.Embedding) for layer in self.model.modules())
        image = any(isinstance(layer, nn.Conv2d) for layer in self.model.modules())
        self.prepare = lambda x: x.long() if embeds else (x.float() * scale + shift).view(len(x), *([1] if image else []), *x.shape[1:])

    def loss(self, logits: torch.Tensor, labels: torch.Tensor, smoothing: float = 0.0) -> torch.Tensor:
        return F.cross_entropy(logits.flatten(0, -2), labels.long().flatten(), label_smoothing=smoothing)

    def train(self, rows: torch.Tensor) -> list[float]:
        optim = optimiser(self.model, self.training["optimiser"])
        parts = self.training.get("accumulate", 1)
        clip = self.training.get("clip", {})
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        steps, losses = len(rows) // parts, []
        self.model.train()
        for step in range(steps):
            for group in optim.param_groups:
                group["lr"] = rate(self.training.get("schedule", {}), self.training["optimiser"]["learning-rate"], steps, step)
            optim.zero_grad()
            total = 0.0
            for batch in rows[step * parts : (step + 1) * parts]:
                logits = self.model(self.prepare(self.inputs[batch]))
                loss = self.loss(logits, self.labels[batch], self.training.get("label-smoothing", 0.0)) / parts
                loss.backward()
                total += loss.item()
            if "norm" in clip:
                nn.utils.clip_grad_norm_(trained, clip["norm"])
            if "value" in clip:
                nn.utils.clip_grad_value_(trained, clip["value"])
            optim.step()
            losses.append(total)
        return losses

    @torch.no_grad()
    def evaluate(self) -> dict:
        self.model.eval()
        right = count = 0
        loss = 0.0
        for inputs, labels in zip(*(part.split(256) for part in self.test)):
            logits = self.model(self.prepare(inputs))
            loss += self.loss(logits, labels).item() * labels.numel()
            right += (logits.argmax(-1) == labels).sum().item()
            count += labels.numel()
        return {"accuracy": right / count, "test_loss": loss / count}


def smooth(losses) -> tuple[np.ndarray, np.ndarray]:
    groups = np.array_split(np.asarray(losses), min(SMOOTHED, len(losses)))
    ends = np.cumsum([len(group) for group in groups])
    return ends, np.array([group.mean() for group in groups])


def draw(path: Path, title: str, curves: dict, results: dict) -> None:
    plt.rcParams |= {"svg.hashsalt": "assay", "svg.fonttype": "none", "font.size": 9}
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(6.4, 4.8), height_ratios=(3, 1), layout="constrained")
    reference = smooth(curves["PyTorch"])[1]
    styles = {"PyTorch": ("0.55", "-", 4), "exact": ("tab:blue", "-", 1.5), "tolerant": ("tab:orange", "--", 1.5)}
    for name, losses in curves.items():
        steps, means = smooth(losses)
        color, line, width = styles[name]
        metric = f"{100 * results[name]['accuracy']:.2f} %, test loss {results[name]['test_loss']:.4f}"
        above.plot(steps, means, line, color=color, lw=width, label=f"{name}: {metric}")
        if name != "PyTorch":
            below.plot(steps, means - reference, line, color=color, lw=1.2)
    above.set(title=title, ylabel="training loss")
    above.legend(frameon=False)
    below.set(xlabel="step", ylabel="minus PyTorch")
    below.axhline(0, color="0.55", lw=0.8)
    below.ticklabel_format(axis="y", scilimits=(-2, 2))
    for axis in (above, below):
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("folder", "exact", "tolerant", "exact_result", "tolerant_result"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    exact, tolerant = load_file(args.exact), load_file(args.tolerant)
    start = {name.removeprefix("start."): value for name, value in exact.items() if name.startswith("start.")}
    run = Run(args.folder, start)
    curves = {"PyTorch": run.train(exact["rows"])}
    results = {"PyTorch": run.evaluate()}
    for name, record, result in (("exact", exact, args.exact_result), ("tolerant", tolerant, args.tolerant_result)):
        curves[name] = record["loss"].tolist()
        load(run.model, load_file(result))  # what a submitter gets, opened by PyTorch
        results[name] = run.evaluate()
    title = f"{args.folder.name}: Assay's two modes beside PyTorch {torch.__version__.split('+')[0]}"
    draw(args.folder / "curve.svg", title, curves, results)
    for name, losses in curves.items():
        steps, means = smooth(losses)
        results[name] |= {"last_loss": losses[-1], "steps": steps.tolist(), "loss": [round(float(x), 6) for x in means]}
        print(f"{args.folder.name} {name}: {100 * results[name]['accuracy']:.2f} %, test loss {results[name]['test_loss']:.4f}")
    (args.folder / "curve.json").write_text(json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
