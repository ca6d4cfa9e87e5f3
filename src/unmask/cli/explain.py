"""``unmask explain``: what a detector saw in a file, or what a trained network looks at, as picture sheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from unmask.core.evidence import ScanReport, TimelinePoint

MOMENTS = 6


def explain(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Pictures, videos, recordings, or folders of them.", show_default=False)
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the sheets.")],
    run: Annotated[
        Path | None, typer.Option(help="Explain the network of a finished run instead; needs --data.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="The run's recipe; without it, the one that the run wrote down.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Manifest to take examples from.")] = None,
    media: Annotated[int, typer.Option(help="Examples to take for a run, evenly over sources.", min=4)] = 60,
) -> None:
    """Draw heat maps, error maps, spectra and the moments that mattered; or look into a trained network."""
    from unmask.core.errors import InvalidOption
    from unmask.report.curves.canvas import check_installed

    check_installed()
    if run is not None:
        if data is None or paths:
            message = "--run needs --data, and no paths: unmask explain --run RUN --data MANIFEST --out DIR."
            raise InvalidOption(message)
        from unmask.cli.explain_run import explain_run

        explain_run(run, recipe, data, out, media=media)
        return
    if not paths:
        message = "Name a picture, video or recording: unmask explain PATH --out DIR; or a run: --run RUN."
        raise InvalidOption(message)
    raise typer.Exit(_explain_files(paths, out))


def _explain_files(paths: list[Path], out: Path) -> int:
    """Explain each file in a folder of its own; returns the exit code."""
    from unmask.cli import exits
    from unmask.cli.console import people_console, progress
    from unmask.core.errors import InvalidOption
    from unmask.core.events import Advanced
    from unmask.core.evidence import ScanReport
    from unmask.scanning.many import scan_one
    from unmask.scanning.plan import ScanPlan
    from unmask.scanning.walk import files

    found = list(files(paths))
    if not found:
        message = "There is no file below " + ", ".join(str(path) for path in paths) + "."
        raise InvalidOption(message)
    failed, console = False, people_console()
    with progress() as listen:
        for done, path in enumerate(found, start=1):
            result = scan_one(ScanPlan(exhibits=MOMENTS), path)
            listen(Advanced("explaining", done, len(found), path.name))
            if isinstance(result, ScanReport):
                folder = _folder(out, path, done if len(found) > 1 else 0)
                console.print(f"{folder}: {', '.join(draw(result, folder))}", markup=False, soft_wrap=True)
            else:
                failed = True
                console.print(f"not examined: {result.message}", markup=False, soft_wrap=True)
    return exits.SOME_FAILED if failed else exits.OK


def draw(report: ScanReport, folder: Path) -> list[str]:
    """Draw everything that a report lets be drawn; returns the names of the files."""
    from unmask.evaluate.plain import save_json
    from unmask.report.curves.explained import save_moments
    from unmask.report.curves.sheets import save_sounds

    folder.mkdir(parents=True, exist_ok=True)
    name = report.media.path.name
    marked = moments(report)
    written = _draw_faces(report, folder) if any(exhibit.heatmaps for exhibit in report.exhibits) else []
    if len(report.timeline) > 1:
        written.append(save_moments(report, marked, folder / "moments.png", title=f"{name}: {_answer(report)}"))
    if report.sound is not None:
        caption = "mel spectrogram" + (", p_fake of each window" if report.sound.activity.size else "")
        written.append(save_sounds([(report.sound, caption)], folder / "sound.png", title=name))
    document = {
        "path": str(report.media.path),
        "verdict": report.verdict,
        "p_fake": report.p_fake,
        "reasons": report.reasons,
        "moments": [
            {"t_s": one.t_s, "p_fake": one.p_fake, "modality": one.modality, "person": one.person} for one in marked
        ],
    }
    written.append(save_json(document, folder / "moments.json"))
    return [path.name for path in written]


def moments(report: ScanReport) -> list[TimelinePoint]:
    """Choose the moments that mattered most: for each side of the verdict those farthest from 0.5, in order of time."""
    towards = sorted(report.timeline, key=lambda one: one.p_fake, reverse=(report.p_fake or 0.0) >= 0.5)
    return sorted(towards[:MOMENTS], key=lambda one: one.t_s)


def _draw_faces(report: ScanReport, folder: Path) -> list[Path]:
    """Heat over the most suspicious face of each kept frame, its error maps, and its spectrum."""
    from unmask.evaluate.hardest import cut_square, face_tile
    from unmask.explain.traces import azimuthal_spectrum, noise_residual, recompression_error
    from unmask.report.curves.explained import painted, save_spectra
    from unmask.report.curves.sheets import Tile, save_sheet

    timed = report.media.kind != "image"
    heat, errors, spectra = [], [], {}
    for exhibit in report.exhibits:
        if not exhibit.heatmaps:
            continue
        when = f"{exhibit.time_s:.2f} s" if timed else "the picture"
        scores = [p for _, _, p in exhibit.faces if p is not None]
        tile = face_tile(exhibit, f"{when}, p_fake {max(scores, default=float('nan')):.2f}")
        heat += [tile] if tile else []
        square, _ = max(exhibit.heatmaps, key=lambda pair: float(pair[1].mean()))
        face = cut_square(exhibit.pixels_rgb_u8, square)
        errors += [
            Tile(face, f"{when}: the face"),
            Tile(painted(recompression_error(face), top=12.0), "recompression error, 0 to 12 levels"),
            Tile(painted(noise_residual(face), top=16.0), "noise residual, 0 to 16 levels"),
        ]
        spectra[when] = azimuthal_spectrum(face)
    name = report.media.path.name
    return [
        save_sheet(heat, folder / "heat.png", title=f"{name}: {_answer(report)}", across=2),
        save_sheet(errors, folder / "errors.png", title=f"{name}: for the eye, no verdict rests on these", across=3),
        save_spectra(spectra, folder / "spectrum.png", title=f"{name}: spectrum of the face"),
    ]


def _answer(report: ScanReport) -> str:
    return report.verdict if report.p_fake is None else f"{report.verdict}, p_fake {report.p_fake:.2f}"


def _folder(out: Path, path: Path, number: int) -> Path:
    """A folder for one file: `out` itself for a single file, else one with a number, since names can recur."""
    return out / f"{number:03d}-{path.stem}" if number else out
