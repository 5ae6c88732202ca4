"""Where and in which number format a network trains: device, precision, compilation, each with its reason."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from trainwright.config.resolve import Choice
from trainwright.engine.settings import EngineSettings
from trainwright.errors import EnvironmentProblem

# Below this many weights a step is mostly overhead, and rounding to bf16 and back costs more than it saves on a
# processor (measured: an MLP of 15 thousand weights is slower, MiniLM with 23 million 1.5 to 2.4 times faster).
BF16_FROM = 2_000_000
# torch.compile takes up to a minute at the start; so many steps of a GPU repay it.
COMPILE_FROM = 5_000

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Numbers:
    """How the computation is done.

    Args:
        device: where.
        choices: "device", "precision", "compile" and, of a network that attends, "attention", each with its reason.
    """

    device: torch.device
    choices: dict[str, Choice]

    @property
    def precision(self) -> str:
        """fp32, bf16 or fp16."""
        return str(self.choices["precision"].value)

    def autocast(self) -> AbstractContextManager[object]:
        """Within it, products of matrices are computed in the chosen format; weights stay in fp32."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=DTYPES[self.precision])

    def scaler(self) -> torch.amp.GradScaler | None:
        """Keeps small gradients from vanishing in fp16 (Micikevicius et al. 2018, section 3.2)."""
        return torch.amp.GradScaler(self.device.type) if self.precision == "fp16" else None


def choose(settings: EngineSettings, module: nn.Module, *, steps: int) -> Numbers:
    """Settles what the settings leave to us.

    Args:
        settings: device, precision and compile are read.
        module: the network, for its size.
        steps: of the whole training.

    Raises:
        EnvironmentProblem: a device, a format or a compilation is asked for that is not there.
    """
    device = choose_device(settings.device)
    weights = sum(parameter.numel() for parameter in module.parameters())
    where = torch.device(str(device.value))
    attention = _attention(module, where)
    return Numbers(where, {
        "device": device,
        "precision": _precision(settings.precision, where, weights),
        "compile": _compile(settings.compile, where, steps),
        **({} if attention is None else {"attention": attention}),
    })  # fmt: skip


def choose_device(asked: str) -> Choice:
    """The device by its name in torch.

    Raises:
        EnvironmentProblem: a GPU is asked for and none can be used.
    """
    there = torch.cuda.is_available()
    if asked == "gpu" and not there:
        built = "torch sees none" if torch.version.cuda else "this build of torch is for processors only"
        raise EnvironmentProblem(
            f"device: gpu is asked for, and no GPU can be used here: {built}",
            remedy="leave device out (auto) to train on the processor, or install a CUDA build of torch and its driver",
        )
    if asked == "gpu" or (asked == "auto" and there):
        return Choice("cuda", f"{torch.cuda.get_device_name()} is there" if asked == "auto" else "asked for")
    return Choice("cpu", "asked for" if asked == "cpu" else "no GPU can be used here")


def _precision(asked: str, device: torch.device, weights: int) -> Choice:
    if device.type == "cuda":
        capable = torch.cuda.is_bf16_supported(including_emulation=False)
        if asked == "bf16" and not capable:
            raise EnvironmentProblem(
                f"precision: bf16 is asked for, and {torch.cuda.get_device_name()} does not compute in it",
                remedy="use fp16 or fp32, or leave precision out",
            )
        if asked != "auto":
            return Choice(asked, "asked for")
        if capable:
            return Choice("bf16", "the GPU computes in it, and it needs no scaling of the loss")
        return Choice("fp16", "the GPU is older than bf16; the loss is scaled so that small gradients stay")
    if asked != "auto":
        return Choice(asked, "asked for")
    if weights < BF16_FROM:
        return Choice("fp32", f"{weights:,} weights are too few for a shorter format to pay on a processor")
    if torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported():
        return Choice("bf16", f"the processor multiplies in it, which pays with {weights:,} weights")
    return Choice("fp32", "the processor has no instructions for bf16")


def _compile(asked: str, device: torch.device, steps: int) -> Choice:
    if asked == "on" and (missing := _compiler_missing(device)):
        raise EnvironmentProblem(f"compile: on is asked for, and {missing}", remedy="install it, or leave compile out")
    if asked != "auto":
        return Choice(asked, "asked for")
    if device.type != "cuda":
        return Choice("off", "on a processor it takes 5 to 47 seconds to begin and gains nothing")
    if steps < COMPILE_FROM:
        return Choice("off", f"{steps:,} steps are too few to repay the time it takes to compile")
    return Choice("on", f"{steps:,} steps repay the time it takes to compile")


def _compiler_missing(device: torch.device) -> str | None:
    """What torch needs to compile for the device and does not find."""
    if device.type == "cuda":
        from torch.utils._triton import has_triton

        return None if has_triton() else "triton, by which torch compiles for a GPU, cannot be used here"
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return "no C++ compiler is found"
    return None


def _attention(module: nn.Module, device: torch.device) -> Choice | None:
    """How the network attends, where it says so as encoders of transformers do; None for one that does not."""
    configs = (getattr(inner, "config", None) for inner in module.modules())
    kind = next(filter(None, (getattr(config, "_attn_implementation", None) for config in configs)), None)
    if kind is None:
        return None
    if kind != "sdpa":
        return Choice(str(kind), "what this encoder offers; what it keeps for pairs of tokens is its own")
    kinds = "flash or memory-efficient kernels where shapes allow" if device.type == "cuda" else "torch's fused kernel"
    return Choice("sdpa", f"scaled_dot_product_attention: {kinds}; no matrix of all pairs is kept")
