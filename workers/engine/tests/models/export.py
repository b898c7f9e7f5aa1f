#!/usr/bin/env python3
"""Writes the model files that the importer's tests read, by both of PyTorch's exporters.

    pip install torch==2.11.0 onnx onnxscript
    python export.py            # all files beside this one; python export.py gpt  # only those

What to take over for a model of your own:

  torch.onnx.export(model.train(), (sample,), "model.onnx", dynamo=True, optimize=False, external_data=False,
                    dynamic_shapes={"x": {0: torch.export.Dim("batch")}}, opset_version=18)

  - `model.train()`: BatchNormalization and Dropout stay what they are instead of being folded away;
  - `optimize=False`: weights keep the names and shapes of `state_dict`, and tied weights stay tied. With the
    optimizer, which is on by default, a transposed weight gets a made-up name such as `val_8`.

  torch.onnx.export(model, (sample,), "model.onnx", dynamo=False, training=torch.onnx.TrainingMode.TRAINING,
                    do_constant_folding=False, dynamic_axes={"x": {0: "batch"}}, opset_version=17)

  - the older exporter: the same, by `training` and `do_constant_folding`.

Files are named model.exporter.onnx: `ts` and `dynamo` with these flags; `eval` and `opt` are what one gets without;
`static` has a fixed batch of 4; `external` has the larger weights in a file beside it; a number is an opset.
"""
import json
import logging
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).parent
BATCH = 4


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.c(torch.tanh(self.b(torch.relu(self.a(x.flatten(1))))))


class Lenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 4, 3)
        self.f1, self.f2 = nn.Linear(4 * 3 * 3, 6), nn.Linear(6, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.avg_pool2d(F.relu(self.c2(x)), 2, stride=1, padding=0)
        return self.f2(F.dropout(F.relu(self.f1(x.flatten(1))), 0.25, self.training))


class Conv1d(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2, groups=2)
        self.p = nn.MaxPool1d(2)
        self.f = nn.Linear(4, 3)

    def forward(self, x):
        return F.log_softmax(self.f(self.p(F.leaky_relu(self.c1(x), 0.1)).mean(-1)), dim=-1)


class Block(nn.Module):
    def __init__(self, c, o, stride):
        super().__init__()
        self.c1, self.n1 = nn.Conv2d(c, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.c2, self.n2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o, momentum=0.05)
        self.skip = nn.Sequential(nn.Conv2d(c, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.n2(self.c2(F.relu(self.n1(self.c1(x))))) + self.skip(x))


class Resnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4)
        self.b1, self.b2 = Block(4, 4, 1), Block(4, 6, 2)
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 3)

    def forward(self, x):
        x = self.b2(self.b1(F.relu(self.norm(self.stem(x)))))
        return self.fc(torch.flatten(self.pool(x), 1))


class GptBlock(nn.Module):
    """As nanoGPT's; attention by `scaled_dot_product_attention`, or written out with a buffer as mask."""

    def __init__(self, c, h, t, flash, tanh):
        super().__init__()
        self.h, self.flash, self.tanh = h, flash, tanh
        self.ln_1, self.ln_2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.c_attn, self.c_proj = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.c_fc, self.c_out = nn.Linear(c, 2 * c), nn.Linear(2 * c, c)
        self.drop = nn.Dropout(0.1)
        self.register_buffer("bias", torch.tril(torch.ones(t, t)).view(1, 1, t, t))

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.c_attn(self.ln_1(x)).split(c, dim=2)
        q, k, v = (z.view(b, t, self.h, c // self.h).transpose(1, 2) for z in (q, k, v))
        if self.flash:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            a = (q @ k.transpose(-2, -1)) * (1.0 / (c // self.h) ** 0.5)
            a = a.masked_fill(self.bias[:, :, :t, :t] == 0, float("-inf"))
            y = self.drop(F.softmax(a, dim=-1)) @ v
        x = x + self.drop(self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c)))
        return x + self.drop(self.c_out(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh" if self.tanh else "none")))


class Gpt(nn.Module):
    def __init__(self, flash, tied, tanh=False):
        super().__init__()
        v, t, c = 11, 6, 8
        self.wte, self.wpe = nn.Embedding(v, c), nn.Embedding(t, c)
        self.blocks = nn.ModuleList(GptBlock(c, 2, t, flash, tanh) for _ in range(2))
        self.ln_f, self.head = nn.LayerNorm(c), nn.Linear(c, v, bias=False)
        if tied:
            self.head.weight = self.wte.weight

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


class Vit(nn.Module):
    """Patches by a convolution, a class token, one rank-5 permutation for q, k, v."""

    def __init__(self):
        super().__init__()
        c, self.h = 8, 2
        self.patch = nn.Conv2d(3, c, 2, 2)
        self.cls, self.pos = nn.Parameter(torch.randn(1, 1, c)), nn.Parameter(torch.randn(1, 5, c))
        self.norm, self.qkv, self.proj, self.head = nn.LayerNorm(c), nn.Linear(c, 3 * c), nn.Linear(c, c), nn.Linear(c, 3)

    def forward(self, x):
        b = x.shape[0]
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(b, -1, -1), x], dim=1) + self.pos
        n, c = x.shape[1:]
        q, k, v = self.qkv(self.norm(x)).reshape(b, n, 3, self.h, c // self.h).permute(2, 0, 3, 1, 4).unbind(0)
        y = ((q @ k.transpose(-2, -1)) * (c // self.h) ** -0.5).softmax(-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, c))
        return self.head(x[:, 0])


class Encoder(nn.Module):
    """PyTorch's own layer, with a class token taken by the mean."""

    def __init__(self):
        super().__init__()
        self.input = nn.Linear(5, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True, norm_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.layer(self.input(x)).mean(1))


class RmsNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(c))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class Llama(nn.Module):
    """Gated feed-forward layers with SiLU, root-mean-square norms, rotary positions from buffers, ids."""

    def __init__(self):
        super().__init__()
        c, t = 8, 6
        self.embed, self.norm, self.second = nn.Embedding(11, c), RmsNorm(c), RmsNorm(c)
        self.q, self.k, self.v, self.o = (nn.Linear(c, c, bias=False) for _ in range(4))
        self.gate, self.up, self.down = nn.Linear(c, 16, bias=False), nn.Linear(c, 16, bias=False), nn.Linear(16, c, bias=False)
        self.last, self.head = RmsNorm(c), nn.Linear(c, 11, bias=False)
        angles = torch.outer(torch.arange(t).float(), 1.0 / 100 ** (torch.arange(0, 4, 2).float() / 4))
        angles = torch.cat([angles, angles], -1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def turned(self, x):
        a, b = x.chunk(2, -1)
        return x * self.cos + torch.cat([-b, a], -1) * self.sin

    def forward(self, ids):
        x = self.embed(ids)
        b, t, c = x.shape
        y = self.norm(x)
        q, k, v = (layer(y).view(b, t, 2, 4).transpose(1, 2) for layer in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(self.turned(q), self.turned(k), v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).reshape(b, t, c))
        y = self.second(x)
        x = x + self.down(F.silu(self.gate(y)) * self.up(y))
        return self.head(self.last(x))


class GroupNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.g, self.c2, self.i = nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.Conv2d(4, 4, 3, groups=4), nn.InstanceNorm2d(4, affine=True)
        self.f = nn.Linear(4, 3)

    def forward(self, x):
        x = F.hardswish(self.g(self.c1(x)))
        x = F.relu6(self.i(self.c2(x)))
        return self.f(x.mean((2, 3)))


class Mixed(nn.Module):
    """What other models have none of: padding, stacking, rolling, norms of vectors, powers, clamps."""

    def __init__(self):
        super().__init__()
        self.f, self.alpha, self.table = nn.Linear(8, 4), nn.Parameter(torch.ones(1)), nn.Parameter(torch.randn(6, 4))

    def forward(self, x):
        x = F.pad(x, (1, 1))
        a, b = x[:, ::2], x[:, 1::2]
        x = torch.stack([a, b, torch.roll(a, 1, 1)], 1).flatten(1)[:, 1:9]
        x = F.normalize(self.f(x), dim=-1) * self.alpha
        y = torch.where(torch.tensor([True, False, True, False]), x, x**3)
        y = y.unsqueeze(1) + self.table[torch.tensor([0, 2, 5])]
        return (F.softplus(y).abs() - torch.clamp(y, -0.5, 0.5).exp()).softmax(1).amax(1)


def image(*dims):
    return lambda: torch.randn(BATCH, *dims)


def ids():
    return torch.randint(0, 11, (BATCH, 6))


MODELS = {
    "mlp": (Mlp, image(2, 3)),
    "lenet": (Lenet, image(1, 12, 12)),
    "conv1d": (Conv1d, image(2, 16)),
    "resnet": (Resnet, image(3, 8, 8)),
    "gpt": (lambda: Gpt(True, True), ids),
    "gptbuffer": (lambda: Gpt(False, False, True), ids),
    "vit": (Vit, image(3, 4, 4)),
    "encoder": (Encoder, image(4, 5)),
    "llama": (Llama, ids),
    "groupnorm": (GroupNorm, image(3, 8, 8)),
    "mixed": (Mixed, image(6)),
}


def export(name, kind):
    make, sample = MODELS[name]
    torch.manual_seed(1)
    model, x = make(), sample()
    kind, _, opset = kind.partition("-")
    path = HERE / f"{name}.{kind}{opset}.onnx"
    common = {"input_names": ["x"], "output_names": ["y"]}
    argument = model.forward.__code__.co_varnames[1]
    if kind in ("ts", "eval", "static"):
        training = torch.onnx.TrainingMode.EVAL if kind == "eval" else torch.onnx.TrainingMode.TRAINING
        axes = {} if kind == "static" else {"dynamic_axes": {"x": {0: "batch"}}}
        torch.onnx.export(model.train(kind != "eval"), (x,), str(path), dynamo=False, training=training,
                          do_constant_folding=kind == "eval", opset_version=int(opset or 17), **common, **axes)
    else:
        torch.onnx.export(model.train(kind != "opt"), (x,), str(path), dynamo=True, optimize=kind == "opt",
                          external_data=kind == "external", opset_version=int(opset or 18), verbose=False, **common,
                          dynamic_shapes={argument: {0: torch.export.Dim("batch")}})
    strip(path)
    note(name, model)
    print(f"{path.name}: {path.stat().st_size} bytes")


def note(name, model):
    """What `state_dict` says, for the tests: names and shapes, and the number of trained values."""
    path = HERE / "state_dict.json"
    notes = json.loads(path.read_text()) if path.exists() else {}
    notes[name] = {
        "trained": sum(parameter.numel() for parameter in model.parameters()),
        "shapes": {key: list(value.shape) for key, value in model.state_dict().items()},
    }
    path.write_text(json.dumps(notes, indent=1, sort_keys=True) + "\n")


def strip(path):
    """Drops what only people read: stack traces are most of such a small file."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    keep = "InputSpec.kind"
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    initializers = {tensor.name for tensor in model.graph.initializer}
    infos = [info for info in model.graph.value_info if info.name in initializers]
    del model.graph.value_info[:]
    for info in infos:
        entries = [(entry.key, entry.value) for entry in info.metadata_props if entry.key.endswith(keep)]
        del info.metadata_props[:]
        for key, value in entries:
            entry = info.metadata_props.add()
            entry.key, entry.value = key, value
        model.graph.value_info.append(info)
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, str(path))


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    for name in sys.argv[1:] or MODELS:
        kinds = ["ts", "dynamo", "eval", "opt"]
        if name in ("resnet", "gpt", "groupnorm"):
            kinds += ["static", "ts-14", "dynamo-21"]
        if name == "lenet":
            kinds += ["external"]
        for kind in kinds:
            try:
                export(name, kind)
            except Exception as error:
                print(f"{name} {kind}: {str(error)[:300]}")


if __name__ == "__main__":
    main()
