"""The extra `fast`: EfficientNet-Lite in LiteRT (TensorFlow Lite's heir), in half precision where a processor has it.

Its matrix kernels (XNNPACK) compute in float16 on AVX512-FP16, twice as many numbers an instruction as in float32.
oneDNN, which PyTorch, OpenVINO and ONNX Runtime use, turns float16 into float32 first and gains nothing there.
"""

import importlib.util
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.images.fused import Forward, folded
from services.images.lite import ConvNorm, LiteTop, LiteTrunk, MBConv

FORCE_FP16 = 4  # XNNPACK's flag
FILE_IDENTIFIER = b"TFL3"


def installed() -> bool:
    return all(importlib.util.find_spec(name) for name in ("ai_edge_litert", "flatbuffers"))


def halves() -> bool:
    """Whether the processor computes in float16."""
    return bool(torch.cpu.get_capabilities().get("avx512_fp16"))


def worthwhile() -> bool:
    """In float32 it is no faster than PyTorch's fused operations: see speed/embedding.py."""
    return installed() and halves()


def compiled(module: nn.Module) -> Forward:
    """What a trunk or top of EfficientNet-Lite computes in inference: maps (N, C, H, W) in and out, float32."""
    assert isinstance(module, LiteTrunk | LiteTop)
    return Compiled(module)


class Compiled:
    """A model for each shape of a picture or map, and a runner for each thread that is in it."""

    def __init__(self, module: LiteTrunk | LiteTop) -> None:
        self.module = module
        self.models: dict[tuple[int, ...], tuple[bytes, list[int]]] = {}
        self.idle: dict[tuple[int, ...], list[Runner]] = {}

    def __call__(self, x: Tensor) -> Tensor:
        shape = (1, *x.shape[2:], x.shape[1])
        runner = self.runner(shape)
        rows = [runner(row) for row in x.permute(0, 2, 3, 1).numpy(force=True)]  # (H, W, C) each
        self.idle[shape].append(runner)
        return torch.from_numpy(np.concatenate(rows)).permute(0, 3, 1, 2)

    def runner(self, shape: tuple[int, ...]) -> "Runner":
        if shape not in self.models:
            self.models[shape] = Graph(shape).of(self.module)
        try:
            return self.idle.setdefault(shape, []).pop()
        except IndexError:  # all of them are at work
            return Runner(*self.models[shape])


class Runner:
    """One model with its memory; for one thread at a time."""

    def __init__(self, model: bytes, shape: list[int]) -> None:
        from ai_edge_litert.compiled_model import CompiledModel, CpuOptions, HardwareAccelerator, Options

        options = Options(
            HardwareAccelerator.CPU, CpuOptions(num_threads=1, xnnpack_flags=FORCE_FP16 if halves() else None)
        )
        self.shape, self.bytes = shape, model  # it reads the weights where they are
        self.model = CompiledModel.from_buffer(model, options=options, environment=environment())
        self.inputs, self.outputs = self.model.create_input_buffers(0), self.model.create_output_buffers(0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        self.inputs[0].write(x)
        self.model.run_by_index(0, self.inputs, self.outputs)
        y: np.ndarray = self.outputs[0].read(int(np.prod(self.shape)), np.float32).reshape(self.shape)
        return y


@cache
def environment() -> Any:
    """One for all models of a process."""
    from ai_edge_litert.environment import Environment

    return Environment.create()


class Graph:
    """Writes a model file: TensorFlow Lite's schema, with the few operations that EfficientNet-Lite is made of."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema, self.model, self.graph = schema, schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.subgraphs = 3, [self.graph]
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []
        self.graph.inputs = [self.tensor(shape)]

    def of(self, module: LiteTrunk | LiteTop) -> tuple[bytes, list[int]]:
        """The file and the shape of its output."""
        x: int = self.graph.inputs[0]
        if isinstance(module, LiteTrunk):
            x = self.convolution(x, module.stem, relu6=True)
        for block in blocks(module):
            x = self.block(x, block)
        if isinstance(module, LiteTop):
            x = self.convolution(x, module.conv, relu6=True)
        self.graph.outputs = [x]
        return self.file(), self.shape(x)

    def block(self, x: int, block: MBConv) -> int:
        wide = self.convolution(x, block.expand, relu6=True) if block.expand else x
        narrow = self.convolution(self.convolution(wide, block.depthwise, relu6=True), block.project, relu6=False)
        if not block.residual:
            return narrow
        return self.operation("ADD", "AddOptions", self.schema.AddOptionsT(), [x, narrow], self.shape(x))

    def convolution(self, x: int, module: ConvNorm, relu6: bool) -> int:
        conv = folded(module)
        assert conv.bias is not None
        each = conv.groups > 1  # channel by itself
        kind = "DepthwiseConv2DOptions" if each else "Conv2DOptions"
        options = self.options(kind, conv.stride[0], relu6)
        order = (1, 2, 3, 0) if each else (0, 2, 3, 1)  # (1, K, K, C) or (C out, K, K, C in)
        weight = np.ascontiguousarray(conv.weight.detach().cpu().permute(order).numpy())
        inputs = [x, self.constant(weight), self.constant(conv.bias.detach().cpu().numpy())]
        height, width = (-(-side // conv.stride[0]) for side in self.shape(x)[1:3])
        shape = [1, height, width, conv.out_channels]
        return self.operation("DEPTHWISE_CONV_2D" if each else "CONV_2D", kind, options, inputs, shape)

    def options(self, kind: str, stride: int, relu6: bool) -> Any:
        options = getattr(self.schema, f"{kind}T")()
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = options.depthMultiplier = 1
        options.padding = self.schema.Padding.SAME
        activation = self.schema.ActivationFunctionType
        options.fusedActivationFunction = activation.RELU6 if relu6 else activation.NONE
        return options

    def operation(self, name: str, kind: str, options: Any, inputs: list[int], shape: list[int]) -> int:
        """Its one output."""
        operator, y = self.schema.OperatorT(), self.tensor(shape)
        operator.opcodeIndex = self.code(getattr(self.schema.BuiltinOperator, name))
        operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, kind)
        operator.inputs, operator.outputs, operator.builtinOptions = inputs, [y], options
        self.graph.operators.append(operator)
        return y

    def code(self, builtin: int) -> int:
        """A file has a list of its kinds of operations, and each operation a place in it."""
        known = [code.builtinCode for code in self.model.operatorCodes]
        if builtin in known:
            return known.index(builtin)
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, builtin, 1
        self.model.operatorCodes.append(code)
        return len(known)

    def tensor(self, shape: tuple[int, ...] | list[int], buffer: int = 0) -> int:
        tensor, number = self.schema.TensorT(), len(self.graph.tensors)
        tensor.shape, tensor.buffer, tensor.name = list(shape), buffer, f"t{number}"
        tensor.type = self.schema.TensorType.FLOAT32
        self.graph.tensors.append(tensor)
        return number

    def constant(self, values: np.ndarray) -> int:
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        return self.tensor(values.shape, len(self.model.buffers) - 1)

    def shape(self, tensor: int) -> list[int]:
        shape: list[int] = self.graph.tensors[tensor].shape
        return shape

    def file(self) -> bytes:
        import flatbuffers

        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), FILE_IDENTIFIER)
        return bytes(builder.Output())


def blocks(module: LiteTrunk | LiteTop) -> Iterator[MBConv]:
    for block in module.blocks:
        assert isinstance(block, MBConv)
        yield block
