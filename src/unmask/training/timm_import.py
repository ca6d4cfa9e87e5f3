"""The one place that makes ``import timm`` work beside a CPU build of PyTorch.

timm imports torchvision, and a torchvision built for another PyTorch fails at import with "operator torchvision::nms
does not exist". Declaring the two missing operator schemas first lets the import pass; nothing here calls them. On an
installation whose torchvision is complete this does nothing.
"""

from __future__ import annotations

from types import ModuleType

import torch

_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared: list[torch.library.Library] = []  # A library's operators vanish with it, so it is kept.


def timm() -> ModuleType:
    """Import timm, declaring torchvision's operators first if they are missing."""
    try:
        import torchvision  # noqa: F401
    except (RuntimeError, ImportError):
        _declare()
    import timm as module

    return module


def _declare() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, schema in _SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(name + schema)
    _declared.append(library)
