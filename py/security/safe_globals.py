"""What a pickle may import: tensors and plain values, and nothing that could run or reach other code.

It is what torch's own ``weights_only`` loader accepts, NumPy's scalars and plain arrays, and the one name that the
first Stable Diffusion checkpoints hold as a mere dictionary key.
"""

from __future__ import annotations

from itertools import product

# One line a module; a name in braces stands for each of the words that it is short for.
_NAMES = """
builtins: bytearray complex set
__builtin__: bytearray complex set
_codecs: encode
collections: Counter OrderedDict
torch: Size Tensor device {number}Tensor BoolTensor {number}Storage BoolStorage {complex}Storage {quantised}Storage
torch: {dtype} {small} per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine
torch: per_tensor_symmetric
torch.cuda: {number}Tensor BoolTensor {number}Storage BoolStorage {complex}Storage
torch.sparse: {number}Tensor
torch.cuda.sparse: {number}Tensor
torch._utils: _rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy _rebuild_parameter
torch._utils: _rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter_with_state _rebuild_qtensor
torch._utils: _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_wrapper_subclass
torch._tensor: _rebuild_from_type_v2
torch.nn.parameter: Parameter
torch.serialization: _get_layout
torch.storage: TypedStorage UntypedStorage
numpy: dtype ndarray
numpy.core.multiarray: scalar _reconstruct
numpy._core.multiarray: scalar _reconstruct
numpy.dtypes: BoolDType Float16DType Float32DType Float64DType Int32DType Int64DType
pytorch_lightning.callbacks.model_checkpoint: ModelCheckpoint
"""
_WORDS = {
    "{number}": "BFloat16 Byte Char Double Float Half Int Long Short",
    "{complex}": "ComplexDouble ComplexFloat",
    "{quantised}": "QInt32 QInt8 QUInt2x4 QUInt4x2 QUInt8",
    "{dtype}": "bcomplex32 bfloat16 bits16 bits1x8 bits2x4 bits4x2 bits8 bool complex128 complex32 complex64 float16 "
    "float32 float4_e2m1fn_x2 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu "
    "int16 int32 int64 int8 uint16 uint32 uint64 uint8",
    "{small}": "qint32 qint8 quint2x4 quint4x2 quint8 int1 int2 int3 int4 int5 int6 int7 "
    "uint1 uint2 uint3 uint4 uint5 uint6 uint7",
}


def _expand() -> frozenset[tuple[str, str]]:
    safe: set[tuple[str, str]] = set()
    for line in _NAMES.strip().splitlines():
        module, _, names = line.partition(": ")
        for name in names.split():
            brace = name[: name.find("}") + 1]
            words = _WORDS[brace].split() if brace else [""]
            safe |= set(product([module], [word + name[len(brace) :] for word in words]))
    return frozenset(safe)


SAFE_GLOBALS = _expand()
"""Pairs of module and name."""
