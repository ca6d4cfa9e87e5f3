"""Pictures of sound: mel spectrogram and envelope, also of recordings too long to hold."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array, SoundExhibit

BANDS = 80
HOP_S = 0.010
WINDOW_S = 0.025
# Fixed, so that pictures of recordings with different rates can be compared; bands above half the rate stay empty.
TOP_HZ = 8000.0
FLOOR_DB = -80.0
COLUMNS = 2000
CHUNK_FRAMES = 512

F64Array = NDArray[np.float64]


def mel_picture(samples: F32Array, rate_hz: int, bands: int = BANDS) -> F32Array:
    """Draw a mel spectrogram of a short recording: one column each 10 ms, Hann windows of 25 ms, 0 to 8 kHz.

    Args:
        samples: Shape (N,), float32, mono; N at least 1.
        rate_hz: Sample rate.
        bands: Number of mel bands.

    Returns:
        Shape (bands, T), float32, decibels relative to the maximum, not below `FLOOR_DB`; low bands first; T is the
        length in steps of 10 ms, rounded up.

    Raises:
        ValueError: If there are no samples.
    """
    columns = math.ceil(samples.size / _hop(rate_hz))
    sketch = SoundSketch(rate_hz, bands=bands, columns=max(2, columns + columns % 2))
    sketch.feed(samples)
    return sketch.exhibit().mel_db


def envelope(samples: F32Array, bins: int) -> F32Array:
    """Give the lowest and highest sample in each of equal stretches.

    Args:
        samples: Shape (N,), float32, mono; N at least 1.
        bins: Number of stretches; where it exceeds N, neighbours share a sample.

    Returns:
        Shape (bins, 2), float32: minimum and maximum.

    Raises:
        ValueError: If there are no samples or no bins.
    """
    if samples.size == 0 or bins < 1:
        message = f"envelope: expected samples and bins, got {samples.size} and {bins}"
        raise ValueError(message)
    starts = np.minimum(np.arange(bins) * samples.size // bins, samples.size - 1)
    return np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], axis=1)


class SoundSketch:
    """Draws a sound while it streams by, in memory that does not grow with its length.

    It starts with one column each 10 ms. Whenever all columns are full, neighbours are merged (mean power, lowest and
    highest sample) and each column stands for twice the time from then on, so the picture always has between half of
    and all of the columns once a recording is long enough.
    """

    def __init__(self, rate_hz: int, *, bands: int = BANDS, columns: int = COLUMNS) -> None:
        """Start an empty sketch.

        Args:
            rate_hz: Sample rate of everything that will be fed.
            bands: Number of mel bands.
            columns: Most columns to keep; even.

        Raises:
            ValueError: If the rate is not positive or the number of columns is odd or below 2.
        """
        if rate_hz < 1 or columns < 2 or columns % 2:
            message = f"SoundSketch: expected a rate and an even number of columns, got {rate_hz} and {columns}"
            raise ValueError(message)
        self._rate_hz = rate_hz
        self._hop = _hop(rate_hz)
        self._window = max(self._hop, round(WINDOW_S * rate_hz))
        self._lead = (self._window - self._hop) // 2
        self._filters = _mel_filters(rate_hz, self._window, bands)
        self._power = np.zeros((bands, columns))
        self._edges = np.zeros((columns, 2), np.float32)
        self._column = 0
        self._filled = 0
        self._stride = 1
        self._samples = 0
        # The first window is centred on the first hop, hence the silence before it.
        self._waiting = np.zeros(self._lead, np.float32)

    def feed(self, samples: F32Array) -> None:
        """Add samples that follow directly on those fed before.

        Args:
            samples: Shape (N,), float32, mono, finite; any N.
        """
        self._samples += samples.size
        self._waiting = np.concatenate([self._waiting, samples])
        while self._waiting.size >= self._window:
            frames = min((self._waiting.size - self._window) // self._hop + 1, CHUNK_FRAMES)
            self._take(self._waiting, frames)
            self._waiting = self._waiting[frames * self._hop :]

    def exhibit(self, activity: F32Array | None = None) -> SoundExhibit:
        """Finish the picture; more samples may be fed afterwards.

        Args:
            activity: Shape (T2,), float32, in [0, 1]: what a detector answered along time; None for nothing.

        Returns:
            Envelope and spectrogram of equal length, at most `columns` wide, with floor `FLOOR_DB`.

        Raises:
            ValueError: If nothing was fed.
        """
        if self._samples == 0:
            message = "SoundSketch: nothing was fed, so there is nothing to draw"
            raise ValueError(message)
        last = self._tail()
        used = last._column + (1 if last._filled else 0)
        counts = np.full(used, last._stride, np.float64)
        if last._filled:
            counts[-1] = last._filled
        power = last._power[:, :used] / counts
        decibels = 10.0 * np.log10(np.maximum(power, 1e-20))
        decibels = np.maximum(decibels - decibels.max(), FLOOR_DB)
        # Silence has no maximum to relate to: show it as silence, not as full scale.
        if power.max() <= 1e-12:
            decibels[:] = FLOOR_DB
        return SoundExhibit(
            envelope=last._edges[:used].copy(),
            mel_db=decibels.astype(np.float32),
            duration_s=self._samples / self._rate_hz,
            activity=np.zeros(0, np.float32) if activity is None else np.asarray(activity, np.float32),
        )

    def _tail(self) -> SoundSketch:
        """Copy the sketch and close the copy with silence, so that the last samples are in it."""
        frames_wanted = math.ceil(self._samples / self._hop)
        copy = object.__new__(SoundSketch)
        copy.__dict__.update(self.__dict__)
        copy._power, copy._edges = self._power.copy(), self._edges.copy()
        missing = frames_wanted - self._frames_taken()
        if missing > 0:
            need = (missing - 1) * self._hop + self._window - self._waiting.size
            copy._waiting = np.concatenate([self._waiting, np.zeros(max(need, 0), np.float32)])
            copy._take(copy._waiting, missing)
        return copy

    def _frames_taken(self) -> int:
        return self._column * self._stride + self._filled

    def _take(self, samples: F32Array, frames: int) -> None:
        """Measure `frames` windows from the start of `samples` and put them into columns."""
        windows = np.lib.stride_tricks.sliding_window_view(samples, self._window)[:: self._hop][:frames]
        taper = np.hanning(self._window + 1)[:-1]
        spectra = np.abs(np.fft.rfft(windows * taper, axis=1)) ** 2
        power = self._filters @ spectra.T
        middle = windows[:, self._lead : self._lead + self._hop]
        lows, highs = middle.min(axis=1), middle.max(axis=1)
        for frame in range(frames):
            self._put(power[:, frame], float(lows[frame]), float(highs[frame]))

    def _put(self, power: F64Array, low: float, high: float) -> None:
        if self._column == self._power.shape[1]:
            self._halve()
        edges = self._edges[self._column]
        if self._filled == 0:
            edges[:] = low, high
        edges[:] = min(edges[0], low), max(edges[1], high)
        self._power[:, self._column] += power
        self._filled += 1
        if self._filled == self._stride:
            self._filled, self._column = 0, self._column + 1

    def _halve(self) -> None:
        """Merge neighbouring columns; each stands for twice the time from now on."""
        half = self._column // 2
        self._power[:, :half] = self._power[:, 0::2] + self._power[:, 1::2]
        self._power[:, half:] = 0.0
        lows = np.minimum(self._edges[0::2, 0], self._edges[1::2, 0])
        highs = np.maximum(self._edges[0::2, 1], self._edges[1::2, 1])
        self._edges[:half] = np.stack([lows, highs], axis=1)
        self._edges[half:] = 0.0
        self._column, self._stride = half, 2 * self._stride


def _hop(rate_hz: int) -> int:
    return max(1, round(HOP_S * rate_hz))


@functools.lru_cache(maxsize=4)
def _mel_filters(rate_hz: int, window: int, bands: int) -> F64Array:
    """Make triangular filters, evenly spaced on ``mel = 2595 log10(1 + f / 700)`` (O'Shaughnessy 1987), peak 1.

    Returns:
        Shape (bands, window // 2 + 1). A band narrower than the spacing of the spectrum takes its nearest line.
    """
    lines = np.fft.rfftfreq(window, 1.0 / rate_hz)
    top = 2595.0 * math.log10(1.0 + TOP_HZ / 700.0)
    knots = 700.0 * (10.0 ** (np.linspace(0.0, top, bands + 2) / 2595.0) - 1.0)
    rising = (lines - knots[:-2, None]) / (knots[1:-1] - knots[:-2])[:, None]
    falling = (knots[2:, None] - lines) / (knots[2:] - knots[1:-1])[:, None]
    filters = np.clip(np.minimum(rising, falling), 0.0, None)
    spacing = lines[1] if lines.size > 1 else rate_hz
    for band in np.flatnonzero(filters.max(axis=1) < 1e-3):
        centre = knots[band + 1]
        if centre <= rate_hz / 2:
            filters[band, round(centre / spacing)] = 1.0
    filters.flags.writeable = False
    return np.asarray(filters, np.float64)
