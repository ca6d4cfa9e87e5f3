"""The error tree.

Every error that a user can cause, or can do something about, derives from `UnmaskError`:

    UnmaskError
      InputError    UnsupportedMedia, DecodeFailed, MediaTooLarge
      ModelError    UnknownModel, WeightsMissing, ChecksumMismatch, CardMismatch
      OptionError   UnknownOption, InvalidOption
      DataError     ManifestInvalid, LeakFound, DatasetInvalid
      DeviceError   ProviderUnavailable
      RunError      Diverged, DiskFull

A message says what happened, to what, what was expected, and what to do next. "No face" and "no speech" are not
errors: they are abstentions (`unmask.core.evidence.Abstention`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnmaskError(Exception):
    """Root of all errors that unmask raises on purpose."""


class InputError(UnmaskError):
    """The medium cannot be examined."""


class UnsupportedMedia(InputError):
    """The bytes are no image, video or sound that unmask knows."""


class DecodeFailed(InputError):
    """The bytes claim to be a known kind but cannot be decoded."""


class MediaTooLarge(InputError):
    """Decoding would pass a limit on pixels or bytes."""


class ModelError(UnmaskError):
    """A model cannot be used."""


class UnknownModel(ModelError):
    """No model card has this name."""


class WeightsMissing(ModelError):
    """The card is known but its file is not on this machine."""


class ChecksumMismatch(ModelError):
    """A model file is not the one that its card names."""


class CardMismatch(ModelError):
    """A model graph does not agree with its card."""


class OptionError(UnmaskError):
    """A setting is wrong."""


class UnknownOption(OptionError):
    """No setting has this name."""


class InvalidOption(OptionError):
    """A setting has a value outside its range."""


class DataError(UnmaskError):
    """A dataset cannot be used."""


class ManifestInvalid(DataError):
    """A manifest breaks its schema."""


class DatasetInvalid(DataError):
    """A folder does not hold the dataset that its layout promises."""


class LeakFound(DataError):
    """The same person, source or file stands on two sides of a split."""


class RunError(UnmaskError):
    """A run of the training bench cannot go on; what it had saved is intact."""


class Diverged(RunError):
    """The loss is no finite number any more."""


class DiskFull(RunError):
    """A file of a run cannot be written."""


class DeviceError(UnmaskError):
    """The wanted device or runtime is not there."""


class ProviderUnavailable(DeviceError):
    """The inference runtime lacks the wanted provider."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Phrase a hint that lists the three known names nearest to an unknown one.

    Args:
        name: The unknown name.
        known: All names that would have been understood.

    Returns:
        For example ``"Did you mean face.fast-2?"``; the whole list if nothing is near.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    if close:
        return "Did you mean " + ", ".join(close) + "?"
    return "Known: " + (", ".join(names) if names else "none") + "."
