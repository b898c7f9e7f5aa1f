#!/usr/bin/env python3
"""Writes model.onnx: a network of LeNet's size for Fashion-MNIST, with dropout.

    pip install torch==2.11.0 onnx onnxscript
    python export.py            # writes model.onnx beside this file
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


class Lenet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)
        self.dropout = nn.Dropout(0.1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(image)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, start_dim=1)))
        return self.fc3(self.dropout(F.relu(self.fc2(x))))


def build() -> nn.Module:
    torch.manual_seed(1)
    return Lenet()


if __name__ == "__main__":
    path = Path(__file__).with_name("model.onnx")
    torch.onnx.export(
        build().train(),  # dropout stays
        (torch.zeros(64, 1, 28, 28),),
        str(path),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        optimize=False,  # weights keep their names
        external_data=False,
    )
    print(f"{path.name}: {path.stat().st_size} bytes")
