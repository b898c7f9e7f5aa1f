#!/usr/bin/env python3
"""Writes model.onnx: a network with two hidden layers for scikit-learn's 8x8 digits.

    pip install torch==2.11.0 onnx onnxscript
    python export.py            # writes model.onnx beside this file
"""
from pathlib import Path

import torch
from torch import nn


def build() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))


if __name__ == "__main__":
    path = Path(__file__).with_name("model.onnx")
    torch.onnx.export(
        build().train(),
        (torch.zeros(32, 8, 8),),
        str(path),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        optimize=False,  # weights keep their names
        external_data=False,
    )
    print(f"{path.name}: {path.stat().st_size} bytes")
