"""Print the table of `docs/benchmarks.md`: medians of several runs, ratios between commands run in turn."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.material import make_clip, make_pictures, make_recording, repeat_clip

PICTURES = 120
PARTS = ("start", "clip", "folder", "sound")


def run(task: str, argument: Path, warm_up: Path | None = None) -> dict[str, float]:
    """Run one task in a process of its own."""
    command = [sys.executable, "-m", "bench.tasks", task, str(argument), str(warm_up or "")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def alternate(tasks: dict[str, tuple[str, Path, Path | None]], runs: int) -> dict[str, list[dict[str, float]]]:
    """Run tasks in turn, A B C A B C, so that a drifting machine hits all alike."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in tasks}
    for number in range(runs):
        for name, task in tasks.items():
            print(f"run {number + 1} of {runs}: {name} ...", end="\r", file=sys.stderr)
            found[name].append(run(*task))
    print(" " * 60, end="\r", file=sys.stderr)
    return found


def median(rows: list[dict[str, float]], key: str = "seconds") -> float:
    return statistics.median(row[key] for row in rows)


def ratio(found: dict[str, list[dict[str, float]]], one: str, other: str) -> float:
    """Median of the ratios run by run."""
    pairs = zip(found[one], found[other], strict=True)
    return statistics.median(a["seconds"] / b["seconds"] for a, b in pairs)


def clip_table(folder: Path, runs: int) -> list[str]:
    clip = make_clip(folder / "clip.mp4")
    long = repeat_clip(clip, folder / "long.mp4", 60)
    found = alternate(
        {"scan": ("scan", clip, clip), "bare": ("bare", clip, clip), "seeking": ("seeking", clip, None)}, runs
    )
    found |= alternate({"long": ("scan", long, None), "short": ("scan", clip, None)}, max(runs // 2, 1))
    scan, bare, seeking = (f"{median(found[name]):.2f} s" for name in ("scan", "bare", "seeking"))
    slower, faster = ratio(found, "scan", "bare"), ratio(found, "seeking", "scan")
    short, long_ = (f"{median(found[name], 'peak_mb'):.0f} MB" for name in ("short", "long"))
    return [
        f"| scan of a 10 s 1080p clip, 32 frames | {scan} | |",
        f"| bare PyAV + YuNet + ONNX Runtime | {bare} | scan / bare {slower:.2f} (limit 1.5) |",
        f"| one seek per frame, same models | {seeking} | seeking / scan {faster:.1f} (at least 10) |",
        f"| peak memory, 10 s clip | {short} | limit 700 MB |",
        f"| peak memory, 10 min clip | {long_} | {median(found['long']):.1f} s with opening the models |",
    ]


def folder_table(folder: Path, runs: int) -> list[str]:
    make_pictures(folder / "pictures", PICTURES)
    pictures = folder / "pictures"
    found = alternate({"scan": ("scan_folder", pictures, None), "bare": ("bare_folder", pictures, None)}, runs)
    scan, bare = median(found["scan"]), median(found["bare"])
    share = 1 / ratio(found, "scan", "bare")
    return [
        f"| scan of a folder of {PICTURES} pictures, 1 megapixel | {PICTURES / scan:.1f} pictures/s | |",
        f"| bare decode + detect + classify on both cores | {PICTURES / bare:.1f} pictures/s "
        f"| scan / bare {share:.2f} (at least 0.8) |",
    ]


def sound_table(folder: Path, runs: int) -> list[str]:
    lengths = {"10 s": 10.0, "10 min": 600.0, "60 min": 3600.0}
    tasks = {name: ("scan", make_recording(folder / f"{name}.wav", length), None) for name, length in lengths.items()}
    found = alternate(tasks, max(runs // 2, 1))
    return [
        f"| scan of a recording of {name}, with opening the models | {median(rows):.1f} s "
        f"| peak memory {median(rows, 'peak_mb'):.0f} MB{'; limit 30 s' if name == '10 min' else ''} |"
        for name, rows in found.items()
    ]


def start_table(runs: int) -> list[str]:
    rows = []
    for name, command in (
        ("import unmask", [sys.executable, "-c", "import unmask"]),
        ("unmask --help", [sys.executable, "-m", "unmask", "--help"]),
    ):
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            seconds.append(time.perf_counter() - start)
        rows.append(f"| {name} | {statistics.median(seconds):.2f} s | |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(PARTS), choices=PARTS, help="parts of the table")
    arguments = parser.parse_args()
    runs, wanted = arguments.runs, arguments.only
    print("| what | median | against |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = {
            "start": lambda: start_table(runs),
            "clip": lambda: clip_table(folder, runs),
            "folder": lambda: folder_table(folder, runs),
            "sound": lambda: sound_table(folder, runs),
        }
        for key, table in tables.items():
            if key in wanted:
                print("\n".join(table()), flush=True)


if __name__ == "__main__":
    main()
