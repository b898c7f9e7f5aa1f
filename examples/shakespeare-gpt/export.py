#!/usr/bin/env python3
"""Writes model.onnx: a character-level transformer of 0.8 million parameters.

    pip install torch==2.11.0 onnx onnxscript
    python export.py            # writes model.onnx beside this file
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

CHARACTERS, CONTEXT, WIDTH, HEADS, LAYERS = 84, 64, 128, 4, 4


class Block(nn.Module):
    """Attention and a feed-forward network, each behind a layer norm (A. Radford et al., 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, c = x.shape
        heads = [y.view(b, t, HEADS, c // HEADS).transpose(1, 2) for y in self.qkv(self.norm1(x)).split(c, dim=2)]
        y = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(CHARACTERS, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CHARACTERS, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        x = self.token(text) + self.position(torch.arange(CONTEXT))
        return self.head(self.norm(self.blocks(x)))


def build() -> nn.Module:
    torch.manual_seed(1)
    return Gpt()


if __name__ == "__main__":
    path = Path(__file__).with_name("model.onnx")
    torch.onnx.export(
        build().train(),
        (torch.zeros(16, CONTEXT, dtype=torch.int64),),
        str(path),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        optimize=False,  # weights keep their names
        external_data=False,
    )
    print(f"{path.name}: {path.stat().st_size} bytes")
