"""Turns weights that were saved by PyTorch into ONNX, without PyTorch.

    onnx_models.py mobilenet_v2|efficientnet_lite0 WEIGHTS.pth MODEL.onnx

The file of weights is read by an unpickler that knows tensors and nothing else, so that it can neither run code nor
make more of the file than it holds. Batch normalisation is folded into the convolutions before it. The model takes
1 × 3 × 224 × 224 32-bit floats, prepared as the YAML beside it says, and gives 1 × 1000 logits; opset 10, which OpenCV
4.6 reads.
"""

from __future__ import annotations

import collections
import io
import os
import pickle
import sys
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.float32]

OPSET = 10
#: Numbers with which PyTorch's older files begin: a magic one, and the version of the format.
MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
#: More than any weights that are read here have.
ELEMENTS_MAX = 50_000_000
DIMENSIONS_MAX = 5


class ModelError(Exception):
    """What is wrong with a file of weights, as a sentence."""


# MARK: Weights


@dataclass(frozen=True)
class _Storage:
    """Memory that tensors lie in, named by a key: its bytes follow behind all that is pickled."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


_TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def _whole(value: object, what: str, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ModelError(f"{what} is {str(value)[:40]}, not a number from 0 to {most}")
    return value


def _sizes(value: object, what: str) -> tuple[int, ...]:
    if not isinstance(value, tuple) or len(value) > DIMENSIONS_MAX:
        raise ModelError(f"{what} is no list of up to {DIMENSIONS_MAX} numbers")
    return tuple(_whole(item, what, ELEMENTS_MAX) for item in value)


def _rebuild(storage: object, offset: object, shape: object, strides: object, *_: object) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise ModelError("a tensor has no memory")
    return _Tensor(
        storage,
        _whole(offset, "where a tensor begins", ELEMENTS_MAX),
        _sizes(shape, "the shape of a tensor"),
        _sizes(strides, "the strides of a tensor"),
    )


class _Kind:
    """Stands for a class of PyTorch's by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Unpickler(pickle._Unpickler):
    """Knows tensors, dictionaries, numbers and text. It is Python's own in Python: the one in C sets memory aside by
    numbers that stand in the file."""

    _known: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
        ("torch", "FloatStorage"): _Kind("FloatStorage"),
        ("torch", "LongStorage"): _Kind("LongStorage"),
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._known[module, name]
        except (KeyError, TypeError):
            raise ModelError(f"the file asks for {module}.{name}: weights need no such thing") from None

    def persistent_load(self, pid: object) -> _Storage:
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], _Kind):
            raise ModelError("the file refers to something that is no memory of tensors")
        if not isinstance(pid[2], str):
            raise ModelError("the memory of a tensor has no name")
        return _Storage(pid[2], pid[1].name, _whole(pid[4], "the size of a tensor's memory", ELEMENTS_MAX))


def _load(file: io.BytesIO) -> Any:
    try:
        return _Unpickler(file).load()
    except ModelError:
        raise
    # Whatever Python's unpickler meets in a damaged file.
    except Exception as error:
        raise ModelError(f"the file is damaged, or no weights: {type(error).__name__}: {str(error)[:80]}") from None


def _array(tensor: _Tensor, memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A tensor's numbers, in a memory of their own."""
    if len(tensor.shape) != len(tensor.strides):
        raise ModelError("a tensor has another number of strides than of dimensions")
    count = int(np.prod(tensor.shape, dtype=object)) if tensor.shape else 1
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if count < 1 or count > memory.size or last >= memory.size:
        raise ModelError("a tensor reaches beyond its memory")
    bytes_each = memory.dtype.itemsize
    view = np.lib.stride_tricks.as_strided(
        memory[tensor.offset :], tensor.shape, [step * bytes_each for step in tensor.strides], writeable=False
    )
    return np.array(view)


def read_weights(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """The tensors of a file that `torch.save` wrote in its older format, by name.

    Raises:
        ModelError: where it is anything else, damaged, or holds anything but tensors.
    """
    file = io.BytesIO(data)
    if _load(file) != MAGIC or _load(file) != VERSION:
        raise ModelError("the file is not of PyTorch's older format, which these weights come in")
    system = _load(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ModelError("the file does not say that its numbers are little-endian")
    tensors = _load(file)
    keys = _load(file)
    if not isinstance(tensors, dict) or not isinstance(keys, list):
        raise ModelError("the file holds no dictionary of tensors")
    kinds = {t.storage.key: t.storage for t in tensors.values() if isinstance(t, _Tensor)}
    memories: dict[str, npt.NDArray[Any]] = {}
    for key in keys:
        storage = kinds.get(key) if isinstance(key, str) else None
        if storage is None or key in memories:
            raise ModelError("the file lists memory that belongs to no tensor")
        count = int.from_bytes(file.read(8), "little")
        if count != storage.count:
            raise ModelError(f"memory of {storage.count} numbers is {count} long")
        dtype = _TYPES[storage.kind]
        raw = file.read(count * dtype.itemsize)
        if len(raw) != count * dtype.itemsize:
            raise ModelError("the file was cut off")
        memories[key] = np.frombuffer(raw, dtype)
    found: dict[str, npt.NDArray[Any]] = {}
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise ModelError("the file holds something else than tensors by name")
        if tensor.storage.key not in memories:
            raise ModelError(f"the memory of {name[:60]} is missing")
        if _TYPES[tensor.storage.kind] != memories[tensor.storage.key].dtype:
            raise ModelError(f"{name[:60]} is of another type than its memory")
        found[name] = _array(tensor, memories[tensor.storage.key])
    return found


# MARK: Networks


@dataclass
class _Graph:
    """A network as it grows."""

    weights: dict[str, npt.NDArray[Any]]
    #: Of batch normalisation.
    epsilon: float
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: list[onnx.TensorProto] = field(default_factory=list)

    def weight(self, name: str, dimensions: int) -> Array:
        found = self.weights.get(name)
        if found is None or found.dtype != np.dtype("<f4") or found.ndim != dimensions:
            raise ModelError(f"the weights have no {name} of {dimensions} dimensions: they are of another network")
        if not np.isfinite(found).all():
            raise ModelError(f"{name} holds numbers that are not finite")
        return found

    def add(self, kind: str, inputs: list[str], tensors: dict[str, Array] | None = None, **attributes: Any) -> str:
        output = f"{kind.lower()}_{len(self.nodes)}"
        for name, values in (tensors or {}).items():
            self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), f"{output}_{name}"))
            inputs = [*inputs, f"{output}_{name}"]
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolve(
        self, source: str, name: str, norm: str, *, stride: int = 1, groups: int = 1, same: int = 0, clipped: bool = True
    ) -> str:
        """A convolution with the batch normalisation behind it folded in, and ReLU6 where `clipped`.

        Args:
            same: the size of the input where it is padded as TensorFlow's SAME does, which is uneven for strides of
                2; 0 for the same padding on all sides.
        """
        kernel = self.weight(f"{name}.weight", 4)
        gamma, beta, mean, variance = (
            self.weight(f"{norm}.{part}", 1) for part in ("weight", "bias", "running_mean", "running_var")
        )
        if any(part.shape != (kernel.shape[0],) for part in (gamma, beta, mean, variance)) or (variance < 0).any():
            raise ModelError(f"{norm} does not fit {name}")
        # In double precision, as the factors are rounded once only.
        factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + self.epsilon)
        folded = (kernel.astype(np.float64) * factor[:, None, None, None]).astype(np.float32)
        bias = (beta - mean.astype(np.float64) * factor).astype(np.float32)
        size = kernel.shape[2]
        before = after = size // 2
        if same:
            total = max(((same + stride - 1) // stride - 1) * stride + size - same, 0)
            before, after = total // 2, total - total // 2
        output = self.add(
            "Conv", [source], {"weight": folded, "bias": bias}, kernel_shape=[size, size], strides=[stride, stride],
            pads=[before, before, after, after], group=groups, dilations=[1, 1],
        )
        return self.add("Clip", [output], min=0.0, max=6.0) if clipped else output

    def model(self, last: str, name: str, weight: str, bias: str) -> onnx.ModelProto:
        """The whole network, with its classifier at the end."""
        pooled = self.add("Flatten", [self.add("GlobalAveragePool", [last])], axis=1)
        matrix, offset = self.weight(weight, 2), self.weight(bias, 1)
        logits = self.add("Gemm", [pooled], {"weight": matrix, "bias": offset}, transB=1)
        self.nodes[-1].output[0] = "logits"
        assert logits.startswith("gemm")
        graph = helper.make_graph(
            self.nodes, name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 224, 224])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, matrix.shape[0]])],
            self.tensors,
        )
        model = helper.make_model(
            graph, producer_name="vedette", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=5
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def mobilenet_v2(weights: dict[str, npt.NDArray[Any]]) -> onnx.ModelProto:
    """MobileNetV2 at width 1 (Sandler et al. 2018, table 2), with torchvision's names of weights."""
    graph = _Graph(weights, epsilon=1e-5)
    last = graph.convolve("image", "features.0.0", "features.0.1", stride=2)
    number, channels = 1, 32
    for expansion, width, repeats, first_stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)
    ):
        for index in range(repeats):
            stride = first_stride if index == 0 else 1
            begin, hidden, layer = last, channels * expansion, f"features.{number}.conv"
            step = 0
            if expansion > 1:
                last = graph.convolve(last, f"{layer}.0.0", f"{layer}.0.1")
                step = 1
            last = graph.convolve(last, f"{layer}.{step}.0", f"{layer}.{step}.1", stride=stride, groups=hidden)
            last = graph.convolve(last, f"{layer}.{step + 1}", f"{layer}.{step + 2}", clipped=False)
            if stride == 1 and channels == width:
                last = graph.add("Add", [begin, last])
            number, channels = number + 1, width
    last = graph.convolve(last, "features.18.0", "features.18.1")
    return graph.model(last, "mobilenet_v2", "classifier.1.weight", "classifier.1.bias")


def efficientnet_lite0(weights: dict[str, npt.NDArray[Any]]) -> onnx.ModelProto:
    """EfficientNet-Lite0 (Liu 2020: B0 without squeeze-and-excitation, ReLU6 for swish), as it came from TensorFlow."""
    graph = _Graph(weights, epsilon=1e-3)
    size = 224
    last = graph.convolve("image", "_conv_stem", "_bn0", stride=2, same=size)
    size, number, channels = size // 2, 0, 32
    for expansion, width, repeats, first_stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 40, 2, 2), (6, 80, 3, 2), (6, 112, 3, 1), (6, 192, 4, 2), (6, 320, 1, 1)
    ):
        for index in range(repeats):
            stride = first_stride if index == 0 else 1
            begin, hidden, layer = last, channels * expansion, f"_blocks.{number}"
            if expansion > 1:
                last = graph.convolve(last, f"{layer}._expand_conv", f"{layer}._bn0")
            last = graph.convolve(
                last, f"{layer}._depthwise_conv", f"{layer}._bn1", stride=stride, groups=hidden, same=size
            )
            size = (size + stride - 1) // stride
            last = graph.convolve(last, f"{layer}._project_conv", f"{layer}._bn2", clipped=False)
            if stride == 1 and channels == width:
                last = graph.add("Add", [begin, last])
            number, channels = number + 1, width
    last = graph.convolve(last, "_conv_head", "_bn1")
    return graph.model(last, "efficientnet_lite0", "_fc.weight", "_fc.bias")


NETWORKS = {"mobilenet_v2": mobilenet_v2, "efficientnet_lite0": efficientnet_lite0}


def convert(network: str, weights: str, output: str) -> None:
    """Writes the model, whole or not at all."""
    with open(weights, "rb") as file:
        data = file.read()
    model = NETWORKS[network](read_weights(data)).SerializeToString(deterministic=True)
    part = f"{output}.part"
    with open(part, "wb") as target:
        target.write(model)
        target.flush()
        os.fsync(target.fileno())
    os.chmod(part, 0o644)
    os.rename(part, output)


def main() -> NoReturn:
    if len(sys.argv) != 4 or sys.argv[1] not in NETWORKS:
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    try:
        convert(*sys.argv[1:])
    except (ModelError, OSError) as error:
        print(f"models: {sys.argv[2]}: {error}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
