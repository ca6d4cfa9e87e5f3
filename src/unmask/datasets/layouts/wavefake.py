"""WaveFake (Frank and Schoenherr 2021): vocoders against LJSpeech and JSUT.

Tree: ``generated_audio/ljspeech_melgan/LJ001-0001_gen.wav``, ``jsut_parallel_wavegan/BASIC5000_0001_gen.wav``,
``common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech/gen_0.wav``; genuine speech comes apart and is expected
in the same folder: ``LJSpeech-1.1/wavs/LJ001-0001.wav``, ``jsut_ver1.1/basic5000/wav/BASIC5000_0001.wav``.
An utterance and all its copies form one group.
"""

from __future__ import annotations

import re

from unmask.datasets.found import Found

_UTTERANCE = re.compile(r"(LJ\d{3}-\d{4}|BASIC5000_\d{4})(_gen)?")
_VOICES = {"ljspeech": "LJSpeech-1.1", "jsut": "jsut_ver1.1"}
_SPOKEN = "common_voices_prompts_from_"


def read(found: Found) -> None:
    """Folders name the vocoder, names the utterance."""
    genuine = set()
    for path in found.files(found.root, "audio"):
        folder = path.parent.name
        voice = folder.split("_")[0]
        named = _UTTERANCE.fullmatch(path.stem)
        if folder.startswith(_SPOKEN):
            found.add(path, 1, method=folder.removeprefix(_SPOKEN).removesuffix("_ljspeech"), group=f"tts-{path.stem}")
        elif named and voice in _VOICES:
            found.add(path, 1, method=folder.removeprefix(f"{voice}_"), group=named.group(1))
        elif named and not named.group(2):
            genuine.add("ljspeech" if named.group(1).startswith("LJ") else "jsut")
            found.add(path, 0, group=named.group(1))
    for voice in sorted(set(_VOICES) - genuine):
        found.note(f"No genuine {voice} is here; download {_VOICES[voice]} and unpack it into this folder.")
