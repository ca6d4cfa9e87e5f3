"""Which generative software a file names as its maker, and which other software it passed through.

Every rule looks at an entry that the software itself writes, as documented by its makers or seen in its output. Anyone
can write or remove such an entry: it is what the file says, no finding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator

from unmask.media.tags import Tag

MOST_SOFTWARE = 8
LONGEST_NAME = 80
SHORT = 400

# Names of entries in which software signs its work. Containers prefix theirs (com.apple.quicktime.software).
_SIGNATURES = {
    "software",
    "creatortool",
    "history softwareagent",
    "aisystemused",
    "encoder",
    "encoded_by",
    "handler_name",
    "tool",
    "writing_application",
    "writing_library",
}
_REMARKS = {"comment", "description", "imagedescription", "credit", "source", "artist", "author", "copyright", "title",
            "synopsis", "xpcomment"}  # fmt: skip
_HANDLERS = re.compile(
    r"^(video|sound|core media|audio|\S*isom|gpac|vide|soun)\S*( ?(media)? ?handler)?", re.IGNORECASE
)

_GENERATORS = (
    (r"midjourney", "Midjourney"),
    (r"dall[\u00b7\u2022. -]?e\b", "DALL-E"),
    (r"chatgpt|gpt-4o|gpt-image|openai", "OpenAI"),
    (r"\bsora\b", "Sora"),
    (r"firefly", "Adobe Firefly"),
    (r"made with google ai|google gemini|nano banana|\bimagen \d|\bveo \d|google c2pa", "Google AI"),
    (r"stable[ -]?diffusion|stability ai", "Stable Diffusion"),
    (r"comfyui", "ComfyUI"),
    (r"novelai", "NovelAI"),
    (r"invokeai", "InvokeAI"),
    (r"fooocus", "Fooocus"),
    (r"draw things", "Draw Things"),
    (r"black forest labs|\bflux\.\d", "FLUX"),
    (r"bing image creator|image creator from (microsoft )?designer", "Microsoft Image Creator"),
    (r"leonardo\.?ai", "Leonardo.Ai"),
    (r"ideogram", "Ideogram"),
    (r"imagined with ai|\bmeta ai\b", "Meta AI"),
    (r"\bgrok\b|\bxai\b", "Grok"),
    (r"runwayml|\brunway (gen|ai)\b", "Runway"),
    (r"\bkling ?ai\b", "Kling"),
    (r"heygen", "HeyGen"),
    (r"synthesia", "Synthesia"),
    (r"elevenlabs|eleven labs", "ElevenLabs"),
    (r"\bsuno\b", "Suno"),
    (r"\budio\b", "Udio"),
    (
        r"deepfacelab|faceswap|facefusion|\broop\b|simswap|wav2lip|deepfakesweb|\breface\b|faceapp",
        "a face-changing tool",
    ),
)
_NAMED = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in _GENERATORS)
_SETTINGS = re.compile(r"\bSteps: \d+.*\bSampler: ", re.DOTALL)
_KEYS = {
    "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "dream": "InvokeAI",
    "fooocus_scheme": "Fooocus",
    "sui_image_params": "SwarmUI",
}
AI_LABEL = "software that labels its output as generated"


def generator(tags: Iterable[Tag]) -> str | None:
    """Name the generative software that the first telling entry names.

    Args:
        tags: Entries of a file.

    Returns:
        A name for people; None if no entry tells of any.
    """
    return next((name for tag in tags if (name := _maker(tag))), None)


def named(text: str | None) -> str | None:
    """Name the generative software in a short text, such as the name of a program; None if it holds none."""
    short = (text or "")[:SHORT]
    return next((name for pattern, name in _NAMED if pattern.search(short)), None)


def software(tags: Iterable[Tag]) -> tuple[str, ...]:
    """List the programs that a file passed through, as they sign; at most `MOST_SOFTWARE`, none twice."""
    found = dict.fromkeys(" ".join(tag.value.split())[:LONGEST_NAME] for tag in tags if _signs(tag))
    return tuple(found)[:MOST_SOFTWARE]


def telling(tags: Iterable[Tag]) -> Iterator[Tag]:
    """Keep the entries that say something about origin; dates, sizes and track names of the container are dropped."""
    camera = {"make", "model", "lensmodel", "datetimeoriginal", "creation_time", "creationdate", "digitalsourcetype"}
    for tag in tags:
        if _signs(tag) or _maker(tag) or _last(tag.name) in camera or tag.where in ("PNG text", "comment"):
            yield tag


def _signs(tag: Tag) -> bool:
    name = _last(tag.name)
    return name in _SIGNATURES and not (name == "handler_name" and _HANDLERS.match(tag.value))


def _last(name: str) -> str:
    """Drop the prefix of a name: ``com.apple.quicktime.software`` is ``software``."""
    return name.lower().rpartition(".")[2]


def _maker(tag: Tag) -> str | None:
    key = _last(tag.name)
    if key == "aigc":
        return _label(tag.value)
    if key in _KEYS:
        return _KEYS[key]
    written = next((name for keys, test, name in _CONTENTS if key in keys and test(tag.value)), None)
    return written or (named(tag.value) if key in _SIGNATURES | _REMARKS else None)


def _is_graph(value: str) -> bool:
    """Recognise the node graphs that ComfyUI keeps, also where the entry was cut."""
    return value.lstrip().startswith("{") and ('"class_type"' in value or '"last_node_id"' in value)


def _label(value: str) -> str | None:
    """Read the label that Chinese law asks for (GB 45438-2025): 1 generated, 2 perhaps, 3 suspected."""
    try:
        entries = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return AI_LABEL if isinstance(entries, dict) and str(entries.get("Label")) == "1" else None


_CONTENTS: tuple[tuple[set[str], Callable[[str], bool], str], ...] = (
    ({"workflow", "prompt"}, _is_graph, "ComfyUI"),
    ({"parameters", "usercomment", "comment"}, lambda text: _SETTINGS.search(text) is not None, "Stable Diffusion"),
    ({"digitalsourcetype"}, lambda text: text.rstrip("/").endswith("/trainedAlgorithmicMedia"), AI_LABEL),
    ({"description"}, lambda text: "Job ID: " in text and " --" in text, "Midjourney"),
)
"""Entries that are recognised by what stands in them: names, test, and who writes such."""
