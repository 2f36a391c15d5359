"""Transforms of images, as torchvision's: of one image, and many of them of a whole batch in one call.

Images are Tensors or arrays ``(..., H, W)`` or Pillow's. Each transform works on the last dimensions; those before them, such as a batch's,
stay as they are. A transform whose attribute `batched` is true is called once for each batch of a data set; any other callable is
called with one image at a time. What is drawn at random is drawn with the functions of the package, so that `manual_seed` repeats it.
"""

from typing import TYPE_CHECKING

from ..later import later as _later
from .basic import Compose, Flatten, Lambda, Normalize, ToTensor

if TYPE_CHECKING:
    from .chance import RandomApply, RandomChoice, RandomErasing, RandomOrder
    from .geometry import (
        CenterCrop,
        Pad,
        RandomAffine,
        RandomCrop,
        RandomHorizontalFlip,
        RandomResizedCrop,
        RandomRotation,
        RandomVerticalFlip,
        Resize,
    )
    from .kinds import ConvertImageDtype, Grayscale, PILToTensor, ToPILImage
    from .resampling import InterpolationMode
else:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "CenterCrop": ".geometry",
            "ConvertImageDtype": ".kinds",
            "Grayscale": ".kinds",
            "InterpolationMode": ".resampling",
            "PILToTensor": ".kinds",
            "Pad": ".geometry",
            "RandomAffine": ".geometry",
            "RandomApply": ".chance",
            "RandomChoice": ".chance",
            "RandomCrop": ".geometry",
            "RandomErasing": ".chance",
            "RandomHorizontalFlip": ".geometry",
            "RandomOrder": ".chance",
            "RandomResizedCrop": ".geometry",
            "RandomRotation": ".geometry",
            "RandomVerticalFlip": ".geometry",
            "Resize": ".geometry",
            "ToPILImage": ".kinds",
        },
    )

__all__ = [
    "CenterCrop", "Compose", "ConvertImageDtype", "Flatten", "Grayscale", "InterpolationMode", "Lambda", "Normalize", "PILToTensor",
    "Pad", "RandomAffine", "RandomApply", "RandomChoice", "RandomCrop", "RandomErasing", "RandomHorizontalFlip", "RandomOrder",
    "RandomResizedCrop", "RandomRotation", "RandomVerticalFlip", "Resize", "ToPILImage", "ToTensor",
]  # fmt: skip
