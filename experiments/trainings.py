"""Run the shipped training recipes one after the other, or several at once, in the order in which they matter.

    python -m experiments.trainings [--jobs 2] [--runs runs/train] [--corpus FOLDER] [PATTERN ...]

A recipe that is done is passed over, one that was stopped goes on where it stopped, one that failed is tried once more
(by each of several processes) when the others have had their turn. What another process runs is waited for; a recipe
whose start, teacher or spelling is not there in the end is named and left out. Stop this script and start it again as
often as you like; two of them may run side by side.
"""

from __future__ import annotations

import argparse
import fcntl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from azsim.errors import InputError
from azsim.train.command import exported, whole
from azsim.train.recipe import SCRATCH
from azsim.train.recipe_file import load_recipe, recipe_names

ORDER = (
    "base", "noisy", "joint/*", "control", "teacher*", "student", "distilled/*", "one_percent/*", "sparsity/*",
    "quantisation/*", "mwer/*", "audio_context/*", "branching/*", "student_from_scratch",
)  # fmt: skip
WAIT_S = 5.0
ATTEMPTS = 2


def in_order(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The names that match a pattern (all without one), by the place of their kind in ``ORDER``.

    Raises:
        InputError: a pattern matches none.
    """
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            raise InputError(f"{pattern}: no recipe matches; azsim train --list")
    wanted = [name for name in names if not patterns or any(fnmatch(name, pattern) for pattern in patterns)]

    def place(name: str) -> int:
        return next((i for i, pattern in enumerate(ORDER) if fnmatch(name, pattern)), len(ORDER))

    return sorted(wanted, key=place)


def is_done(name: str, runs: Path) -> bool:
    """Whether a recipe's run has ended."""
    return (runs / name / "final.safetensors").is_file()


def is_ready(name: str, runs: Path) -> bool:
    """Whether what a recipe builds on is there."""
    recipe = load_recipe(name)[1]
    needed = [] if recipe.start == SCRATCH else [recipe.start]
    needed += [recipe.distillation.teacher] if recipe.distillation else []
    needed += [recipe.spelling] if recipe.spelling else []
    try:
        return all(exported(each, runs) for each in needed)
    except InputError:
        return False


@contextmanager
def claimed(name: str, runs: Path) -> Iterator[bool]:
    """Whether nobody else runs this recipe; held until the end of the block."""
    folder = runs / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def run_one(name: str, arguments: argparse.Namespace) -> bool:
    """Run a recipe in a process of its own, its log in its folder; whether it came to its end."""
    command = [sys.executable, "-m", "azsim", "train", name, "--runs", str(arguments.runs), "--workers", "1"]
    if arguments.corpus:
        command += ["--corpus", str(arguments.corpus)]
    began = time.monotonic()
    with (arguments.runs / name / "log.txt").open("a") as log:
        status = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
    said = "done" if status == 0 else f"failed, see {arguments.runs / name / 'log.txt'}"
    print(f"{time.strftime('%H:%M:%S')} {name}: {said} after {(time.monotonic() - began) / 60:.1f} min", flush=True)
    return status == 0


def work(arguments: argparse.Namespace) -> int:
    """Go through the recipes until none is left that can run; the number that failed for good."""
    left, runs = in_order(list(recipe_names()), arguments.patterns), arguments.runs
    failures: Counter[str] = Counter()
    while left := [name for name in left if not is_done(name, runs) and failures[name] < ATTEMPTS]:
        is_held = False
        for name in [each for each in left if is_ready(each, runs)]:
            with claimed(name, runs) as mine:
                if not mine:
                    is_held = True
                    continue
                if not is_done(name, runs) and not run_one(name, arguments):
                    failures[name] += 1
                    left.append(left.pop(left.index(name)))
                break
        else:
            if not is_held:
                print(f"left out, since what they build on is not there yet: {', '.join(left)}", flush=True)
                break
            time.sleep(WAIT_S)
    return sum(count == ATTEMPTS for count in failures.values())


def main() -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="only these recipes, such as 'sparsity/*'")
    parser.add_argument("--jobs", type=whole(1, 64), default=1, help="at once, one core each")
    parser.add_argument("--runs", type=Path, default=Path("runs/train"))
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    try:
        in_order(list(recipe_names()), arguments.patterns)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    others = []
    for _ in range(arguments.jobs - 1):
        others.append(subprocess.Popen([sys.executable, "-m", "experiments.trainings", *sys.argv[1:], "--jobs", "1"]))
        time.sleep(WAIT_S)
    failed = work(arguments)
    return 1 if failed + sum(other.wait() for other in others) else 0


if __name__ == "__main__":
    sys.exit(main())
