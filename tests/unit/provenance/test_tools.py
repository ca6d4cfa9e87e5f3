from __future__ import annotations

import pytest

from tests.makers.credentials import SOURCE_TYPES
from unmask.media.tags import Tag
from unmask.provenance import tools

TELLING = [
    ("PNG text", "parameters", "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a", "Stable Diffusion"),
    ("EXIF", "UserComment", "a cat\nSteps: 20, Sampler: DPM++ 2M, Seed: 1", "Stable Diffusion"),
    ("PNG text", "workflow", '{"last_node_id": 9, "nodes": []}', "ComfyUI"),
    ("PNG text", "prompt", '{"3": {"class_type": "KSampler", "inputs": {', "ComfyUI"),
    ("PNG text", "Software", "NovelAI", "NovelAI"),
    ("PNG text", "invokeai_metadata", "{}", "InvokeAI"),
    ("PNG text", "fooocus_scheme", "fooocus", "Fooocus"),
    ("PNG text", "Description", "a cat --v 6.1 Job ID: 0123", "Midjourney"),
    ("PNG text", "AIGC", '{"Label": "1", "ContentProducer": "x"}', tools.AI_LABEL),
    ("XMP", "DigitalSourceType", f"{SOURCE_TYPES}trainedAlgorithmicMedia", tools.AI_LABEL),
    ("XMP", "Credit", "Made with Google AI", "Google AI"),
    ("XMP", "CreatorTool", "Adobe Firefly", "Adobe Firefly"),
    ("container", "comment", "made with Suno", "Suno"),
    ("container", "encoder", "ElevenLabs", "ElevenLabs"),
    ("container", "com.apple.quicktime.software", "HeyGen", "HeyGen"),
]  # fmt: skip
SILENT = [
    ("EXIF", "Software", "Adobe Photoshop 25.0 (Macintosh)"),
    ("EXIF", "Software", "16.1.2"),
    ("EXIF", "Model", "Sora"),
    ("container", "encoder", "Lavf61.7.100"),
    ("PNG text", "prompt", "What is your name?"),
    ("PNG text", "workflow", "draft, then review"),
    ("EXIF", "UserComment", "Steps: 20 up the hill"),
    ("PNG text", "AIGC", '{"Label": "2"}'),
    ("PNG text", "AIGC", "[" * 100_000),
    ("XMP", "DigitalSourceType", f"{SOURCE_TYPES}digitalCapture"),
    ("container", "handler_name", "VideoHandler"),
]


@pytest.mark.parametrize(("where", "name", "value", "maker"), TELLING)
def test_makers_are_recognised_by_what_they_write(where: str, name: str, value: str, maker: str) -> None:
    assert tools.generator([Tag("EXIF", "Model", "X100"), Tag(where, name, value)]) == maker


@pytest.mark.parametrize(("where", "name", "value"), SILENT)
def test_cameras_editors_and_chance_words_are_no_makers(where: str, name: str, value: str) -> None:
    assert tools.generator([Tag(where, name, value)]) is None


def test_software_is_listed_once_and_short() -> None:
    tags = [
        Tag("EXIF", "Software", "GIMP\n2.10"),
        Tag("XMP", "CreatorTool", "GIMP 2.10"),
        Tag("container", "encoder", "Lavf61.7.100"),
        Tag("video track", "handler_name", "VideoHandler"),
        Tag("video track", "handler_name", "Sound Media Handler"),
        Tag("EXIF", "Software", "x" * 500),
        *(Tag("EXIF", "Software", f"tool {number}") for number in range(20)),
    ]
    found = tools.software(tags)
    assert found[:2] == ("GIMP 2.10", "Lavf61.7.100")
    assert len(found) == tools.MOST_SOFTWARE
    assert len(found[2]) == tools.LONGEST_NAME


def test_only_entries_about_origin_are_kept() -> None:
    tags = [
        Tag("container", "major_brand", "isom"),
        Tag("container", "creation_time", "2024-01-01"),
        Tag("container", "com.apple.quicktime.make", "Apple"),
        Tag("video track", "language", "eng"),
        Tag("PNG text", "anything", "at all"),
    ]
    assert [tag.name for tag in tools.telling(tags)] == ["creation_time", "com.apple.quicktime.make", "anything"]
