#!/usr/bin/env python3
"""Writes model.onnx: a small residual network with batch norm for Fashion-MNIST.

    pip install torch==2.11.0 onnx onnxscript
    python export.py            # writes model.onnx beside this file
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut (K. He et al., *Deep Residual Learning*, 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride != 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class Resnet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2), Block(16, 32, 2))
        self.head = nn.Linear(32, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.blocks(F.relu(self.norm(self.stem(image))))
        return self.head(x.mean((2, 3)))


def build() -> nn.Module:
    torch.manual_seed(1)
    return Resnet()


if __name__ == "__main__":
    path = Path(__file__).with_name("model.onnx")
    torch.onnx.export(
        build().train(),  # batch norm stays
        (torch.zeros(64, 1, 28, 28),),
        str(path),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        optimize=False,  # weights keep their names
        external_data=False,
    )
    print(f"{path.name}: {path.stat().st_size} bytes")
