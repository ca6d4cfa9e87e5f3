"""Voice recordings as training examples: decoding and trimming them, and drawing windows of them fairly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from unmask.core.errors import InputError, InvalidOption
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import F32Array, Sound
from unmask.datasets.manifest import Row
from unmask.media.audio import stream_sound
from unmask.training.voice_augment import augment
from unmask.voice.activity import RATE_HZ
from unmask.voice.windows import LEAST_SHARE, as_window

SAMPLES = 64000
_LONGEST_S = 12.0
_SHORT = 0.3


@dataclass(frozen=True, slots=True)
class VoiceClip:
    """A recording trimmed to its speech.

    Attributes:
        samples_f32: Shape (N,), float32, 16 kHz, mono.
        label: 0 real, 1 fake.
        source: As in the manifest.
        method: As in the manifest.
        group: As in the manifest.
        pair: A genuine recording and its vocoded twins share this name and line up sample by sample;
            files of one group with one stem. May be empty.
    """

    samples_f32: F32Array
    label: int
    source: str
    method: str
    group: str
    pair: str = ""


class VoiceStream(Dataset[tuple[F32Array, np.float32]]):
    """Endless disturbed windows: of each two, the first is genuine and the second forged.

    They are drawn by share of their source, then by group, then by recording. Example n depends on the seed and on n
    alone.

    Part of the stream comes as pairs, one after the other: a genuine recording and its vocoded twin, cut and
    disturbed alike, so that nothing but the vocoder tells them apart.

    Args:
        clips: The training side.
        shares: For ``real`` and ``fake``, weight by source; ``"*"`` is the weight that the sources not named divide
            among themselves, each by the square root of its number of recordings.
        settings: ``strength`` of the augmentation, shares of draws that are ``pairs`` (twins) or
            ``matched`` (two of one source), ``length_s`` of a window.
        seed: Of all choices.
    """

    def __init__(
        self,
        clips: Sequence[VoiceClip],
        shares: Mapping[str, Mapping[str, float]],
        settings: Mapping[str, float],
        *,
        seed: int,
    ) -> None:
        self._pools = {label: _Pool(clips, label, shares.get(name, {})) for label, name in ((0, "real"), (1, "fake"))}
        self._pairs = _pairs(clips)
        self._often = settings.get("pairs", 0.0) if self._pairs else 0.0
        self._shared = sorted(set(self._pools[0].sources) & set(self._pools[1].sources))
        self._matched = settings.get("matched", 0.0) if self._shared else 0.0
        self._strength = settings.get("strength", 1.0)
        self._length = round(settings.get("length_s", SAMPLES / RATE_HZ) * RATE_HZ)
        self._seed = seed

    def __getitem__(self, number: int) -> tuple[F32Array, np.float32]:
        """Make an example.

        Args:
            number: From 0; without end.

        Returns:
            Samples, shape (length,), float32, and label.
        """
        couple, place = divmod(number, 2)
        rng = np.random.default_rng([self._seed, couple])
        clips = self._two(rng)
        paired = clips[0].pair != "" and clips[0].pair == clips[1].pair
        choices = np.random.default_rng(rng.integers(2**32, size=2)[0 if paired else place])
        window = random_window(clips[place].samples_f32, choices, length=self._length)
        return augment(window, choices, strength=self._strength), np.float32(clips[place].label)

    def _two(self, rng: np.random.Generator) -> tuple[VoiceClip, VoiceClip]:
        """Draw a genuine and a forged recording: twins, two of one source, or any two."""
        lot = rng.random()
        if lot < self._often:
            return self._pairs[int(rng.integers(len(self._pairs)))]
        genuine, forged = self._pools[0], self._pools[1]
        if lot < self._often + self._matched:
            source = self._shared[int(rng.integers(len(self._shared)))]
            return genuine.draw_from(source, rng), forged.draw_from(source, rng)
        return genuine.draw(rng), forged.draw(rng)


def _pairs(clips: Sequence[VoiceClip]) -> list[tuple[VoiceClip, VoiceClip]]:
    genuine = {clip.pair: clip for clip in clips if clip.pair and clip.label == 0}
    return [(genuine[clip.pair], clip) for clip in clips if clip.label == 1 and clip.pair in genuine]


class _Pool:
    """Recordings of one label by source and group."""

    def __init__(self, clips: Sequence[VoiceClip], label: int, shares: Mapping[str, float]) -> None:
        sources: dict[str, dict[str, list[VoiceClip]]] = {}
        for clip in clips:
            if clip.label == label:
                sources.setdefault(clip.source, {}).setdefault(clip.group, []).append(clip)
        self._groups = {source: list(groups.values()) for source, groups in sources.items()}
        sizes = {source: sum(len(group) for group in groups) ** 0.5 for source, groups in self._groups.items()}
        rest = sum(size for source, size in sizes.items() if source not in shares)
        left = shares.get("*", 1.0)
        self._names = list(sizes)
        self.sources = tuple(sizes)
        weights = np.array([shares.get(name, left * sizes[name] / max(rest, 1e-9)) for name in self._names])
        if not weights.sum() > 0:
            message = f"[shares] leaves nothing to draw of one label. Sources at hand: {', '.join(sizes) or 'none'}."
            raise InvalidOption(message)
        self._share = weights / weights.sum()

    def draw(self, rng: np.random.Generator) -> VoiceClip:
        return self.draw_from(self._names[int(rng.choice(len(self._names), p=self._share))], rng)

    def draw_from(self, source: str, rng: np.random.Generator) -> VoiceClip:
        groups = self._groups[source]
        weights = np.array([len(group) for group in groups]) ** 0.5
        group = groups[int(rng.choice(len(groups), p=weights / weights.sum()))]
        return group[int(rng.integers(len(group)))]


def random_window(samples_f32: F32Array, rng: np.random.Generator, *, length: int = SAMPLES) -> F32Array:
    """Draw a window; some are cut shorter first, so that the length of a recording says nothing about the label.

    Args:
        samples_f32: Shape (N,), float32, N > 0.
        rng: Source of all choices.
        length: Of the window, in samples.

    Returns:
        Shape (length,), float32, repeated if the recording is shorter.
    """
    kept = length if rng.random() >= _SHORT else int(rng.integers(length // 2, length))
    begin = int(rng.integers(max(samples_f32.size - kept, 0) + 1))
    return np.resize(samples_f32[begin : begin + kept], length).astype(np.float32)


def windows_of(samples_f32: F32Array) -> F32Array:
    """Cut a trimmed recording as the scanner would: 4 s every 2 s, short ones repeated.

    Args:
        samples_f32: Shape (N,), float32, N > 0.

    Returns:
        Shape (K, 64000), float32, K >= 1.
    """
    hop = SAMPLES // 2
    last = max(samples_f32.size - SAMPLES, 0)
    begins = list(range(0, last + 1, hop))
    if last - begins[-1] >= RATE_HZ // 2:
        begins.append(last)
    return np.stack([np.resize(samples_f32[begin : begin + SAMPLES], SAMPLES) for begin in begins])


def read_clips(rows: Sequence[Row], *, listener: Listener = ignore) -> list[VoiceClip]:
    """Decode recordings and trim them to their speech; those with hardly any speech are left out.

    Args:
        rows: Rows of kind audio.
        listener: Hears progress.

    Returns:
        One clip per usable row, in order.
    """
    found = []
    for done, row in enumerate(rows, start=1):
        clip = _clip(row)
        if clip is not None:
            found.append(clip)
        listener(Advanced("listen", done, len(rows), row.path.name))
    return found


def save_clips(clips: Sequence[VoiceClip], path: Path) -> None:
    """Store clips in one file for the next run; at any moment the file is whole or not there."""
    facts = np.array([(str(clip.label), clip.source, clip.method, clip.group, clip.pair) for clip in clips], dtype=str)
    samples = np.concatenate([np.zeros(0, np.float32), *(clip.samples_f32 for clip in clips)])
    sizes = np.array([clip.samples_f32.size for clip in clips], dtype=np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, samples=samples, sizes=sizes, facts=facts)
    part.replace(path)


def load_clips(path: Path) -> list[VoiceClip]:
    """Read what `save_clips` stored."""
    with np.load(path) as stored:
        pieces = np.split(stored["samples"], np.cumsum(stored["sizes"]))[:-1]
        facts = stored["facts"]
    return [
        VoiceClip(piece, int(label), str(source), str(method), str(group), str(pair))
        for piece, (label, source, method, group, pair) in zip(pieces, facts, strict=True)
    ]


def _clip(row: Row) -> VoiceClip | None:
    pieces, held = [], 0.0
    try:
        for block in stream_sound(row.path, rate_hz=RATE_HZ):
            pieces.append(block.samples_f32)
            held += block.duration_s
            if held >= _LONGEST_S:
                break
    except InputError:
        return None
    window = as_window(Sound(np.concatenate(pieces)[: round(_LONGEST_S * RATE_HZ)], RATE_HZ))
    if window.speech < LEAST_SHARE:
        return None
    pair = f"{row.group}/{row.path.stem}"
    return VoiceClip(window.sound.samples_f32, row.label, row.source, row.method, row.group, pair)
