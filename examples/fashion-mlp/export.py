#!/usr/bin/env python3
"""Writes model.onnx: a 784-128-10 ReLU classifier with PyTorch's default initialisation, by PyTorch's own exporter.

    pip install torch==2.11.0 onnx onnxscript
    python export.py            # writes model.onnx beside this file

The file in the repository was made exactly so. Any MLP of Linear and ReLU layers can take its place: replace `Mlp`.
"""
from pathlib import Path

import torch
from torch import nn

SEED = 1
BATCH = 64


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(28 * 28, 128)
        self.output = nn.Linear(128, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        pixels = torch.flatten(image, start_dim=1)
        return self.output(torch.relu(self.hidden(pixels)))


def build() -> nn.Module:
    torch.manual_seed(SEED)
    return Mlp()


if __name__ == "__main__":
    path = Path(__file__).with_name("model.onnx")
    torch.onnx.export(
        build().eval(),
        (torch.zeros(BATCH, 28, 28),),
        str(path),
        input_names=["image"],
        output_names=["logits"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch")}},
        external_data=False,
    )
    print(f"{path.name}: {path.stat().st_size} bytes")
