"""``unmask demo``: forge a sample on the spot and scan it beside the genuine one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli import exits

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from unmask.core.records import F32Array, U8Array

_SEED = 2022
_SECONDS, _RATE = 4, 15
_CLIP_PX = 480


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the samples and the report.", metavar="DIR")] = Path("demo"),
) -> None:
    """Forge a portrait and a clip, scan them beside the genuine ones, write report.html."""
    from rich.console import Console

    from unmask.cli.console import people_console, progress, verdict_line
    from unmask.core.errors import WeightsMissing
    from unmask.core.events import Advanced
    from unmask.report.to_html import save_index
    from unmask.scanning.many import scan_many
    from unmask.scanning.plan import ScanPlan

    console = people_console()
    try:
        from skimage import data
    except ImportError as error:
        message = "The demo starts from a portrait that scikit-image ships. Install it: pip install 'unmask[demo]'."
        raise WeightsMissing(message) from error
    console.print(
        "Forging a portrait and a clip out of a public-domain portrait (NASA, Eileen Collins) ...", soft_wrap=True
    )
    out.mkdir(parents=True, exist_ok=True)
    results = []
    portrait = data.astronaut()
    with progress() as listen:
        samples = list(_samples(portrait, out))
        for done, result in enumerate(scan_many(samples, ScanPlan(exhibits=4)), start=1):
            results.append(result)
            listen(Advanced("scanning", done, len(samples)))
    for result in results:
        Console(highlight=False).print(verdict_line(result), soft_wrap=True)
    report = save_index(results, out, name="report.html")
    console.print(
        f"\nOpen {report} in a browser. Then try your own: unmask scan PHOTO_OR_CLIP --html reports", soft_wrap=True
    )
    raise typer.Exit(exits.OK)


def _samples(portrait: U8Array, out: Path) -> Iterator[Path]:
    """Write the genuine and the forged picture, then the genuine and the forged clip."""
    from fractions import Fraction

    import cv2
    import numpy as np

    from unmask.media.write import write_clip

    forged = _forged(portrait)
    sound = _sound(np.random.default_rng(_SEED))
    for name, pixels in (("genuine", portrait), ("forged", forged)):
        path = out / f"{name}-portrait.png"
        cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        yield path
    for name, pixels in (("genuine", portrait), ("forged", forged)):
        path = out / f"{name}-clip.mp4"
        write_clip(path, _moving(pixels), rate=Fraction(_RATE), sound=sound)
        yield path


def _forged(portrait: U8Array) -> U8Array:
    """Blend the portrait's face, slightly changed, over itself."""
    import numpy as np

    from unmask.core.records import Frame
    from unmask.faces.blend import self_blend
    from unmask.scanning.kit import Kit
    from unmask.scanning.plan import ScanPlan

    face = Kit(ScanPlan()).finder.find(Frame(0, 0.0, portrait))[0]
    return self_blend(portrait, face.landmarks_px, np.random.default_rng(_SEED))[0]


def _moving(portrait: U8Array) -> Iterator[U8Array]:
    """Pan and zoom over a picture, as a hand-held camera would."""
    import cv2
    import numpy as np

    side = portrait.shape[0]
    for number in range(_SECONDS * _RATE):
        phase = 2 * np.pi * number / (_SECONDS * _RATE)
        zoom = _CLIP_PX / side * (1.16 + 0.05 * np.sin(phase))
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), 2 * np.sin(phase), zoom)
        matrix[:, 2] += (_CLIP_PX / 2 - side / 2 + 8 * np.cos(phase), _CLIP_PX / 2 - side / 2)
        yield np.asarray(
            cv2.warpAffine(
                portrait, matrix, (_CLIP_PX, _CLIP_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
        )


def _sound(rng: np.random.Generator) -> F32Array:
    """A quiet chord over room noise: a sound track without speech, 48 kHz."""
    import numpy as np

    t = np.arange(_SECONDS * 48000) / 48000
    chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (220.0, 277.2, 329.6))
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 0.5 * t)
    return (0.05 * swell * chord + 0.004 * rng.standard_normal(t.size)).astype(np.float32)
