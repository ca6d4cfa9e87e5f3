"""Pictures of traces for the eye: recompression error, noise residual, spectrum of a face. No verdict rests on them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array, U8Array
from unmask.media.wear.degrade import jpeg

QUALITY = 90


def recompression_error(pixels_rgb_u8: U8Array) -> F32Array:
    """How much each place changes under one more JPEG compression (error level analysis, Krawetz 2007).

    Pasted or smoothed parts of a JPEG can differ from the rest; so do sharp edges and flat walls of any picture.

    Args:
        pixels_rgb_u8: Shape (h, w, 3), uint8, RGB.

    Returns:
        Shape (h, w), float32, mean absolute difference over the channels in 8-bit levels.
    """
    again = jpeg(pixels_rgb_u8, QUALITY).astype(np.float32)
    return np.asarray(np.abs(again - pixels_rgb_u8).mean(axis=2), np.float32)


def noise_residual(pixels_rgb_u8: U8Array) -> F32Array:
    """What a median filter of 3 x 3 removes from the brightness: sensor noise, and patterns of up-sampling.

    Args:
        pixels_rgb_u8: Shape (h, w, 3), uint8, RGB.

    Returns:
        Shape (h, w), float32, absolute difference in 8-bit levels.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(pixels_rgb_u8), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.absdiff(grey, cv2.medianBlur(grey, 3)), np.float32)


def azimuthal_spectrum(pixels_rgb_u8: U8Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean power over all directions by spatial frequency (Durall et al., CVPR 2020).

    Args:
        pixels_rgb_u8: Shape (h, w, 3), uint8, RGB; about a square, of which the smaller side counts.

    Returns:
        Frequencies in cycles a pixel, shape (K,), up to 0.5, and power in decibels relative to the lowest frequency.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(pixels_rgb_u8), cv2.COLOR_RGB2GRAY).astype(np.float64)
    side = min(grey.shape)
    grey = grey[:side, :side]
    # A window, because the jump between opposite borders would put a cross of power over everything.
    taper = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.fft2((grey - grey.mean()) * taper)) ** 2
    lines = np.fft.fftfreq(side)
    ring = np.rint(np.hypot(lines[:, None], lines[None]) * side).astype(int)
    last = side // 2
    sums = np.bincount(ring.ravel(), power.ravel())[1 : last + 1]
    means = sums / np.bincount(ring.ravel())[1 : last + 1]
    return np.arange(1, last + 1) / side, 10 * np.log10(np.maximum(means, 1e-12) / max(means[0], 1e-12))
