"""The experiment file: which configurations of which network, on which device, over which speech."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from azsim.compress.codecs import codecs, get
from azsim.devices.quantities import Residency
from azsim.errors import InputError, located, nearest, readable
from azsim.explain import shown
from azsim.nn.graph.operator import Granularity
from azsim.ranges import Bits, Name, Zeros, is_number
from azsim.resources import music_file, shipped, speech_file
from azsim.soc.downstream import DownstreamChoice
from azsim.speech.context.choice import ContextChoice
from azsim.speech.endpoint import MOST_SILENCE_MS
from azsim.speech.endpointing.choice import EndPointChoice
from azsim.speech.features import STEP_MS
from azsim.speech.pipeline import with_those_always_there
from azsim.speech.search.choice import SearchChoice
from azsim.speech.stage import Stage
from azsim.speech.stage_registry import stage_of
from azsim.toml import convert, read_toml

SEEDS = 2**31
AtLeastOne = Annotated[int, Meta(ge=1, le=1_000_000)]
"""Layers, units, pieces, utterances: 1 to a million."""


class MatrixChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """What one matrix, or the matrices of a pattern, get instead of the configuration's choice."""

    weight_bits: Bits | None = None
    sparsity: Zeros | None = None
    codec: str | None = None
    codec_options: dict[str, Any] | None = None
    granularity: Granularity | None = None


class Configuration(Struct, frozen=True, forbid_unknown_fields=True):
    """One compression configuration.

    ``codec_options``: the codec's own choices (`docs/bitstreams.md`), which it makes itself where none are given.
    ``granularity``: one scale for each matrix (``tensor``), each ``gate`` of an LSTM, or each row (``channel``).
    ``model`` overrides the experiment's network (a fine-tuned one). ``residency`` says where matrices stay, by name or
    pattern; the planner chooses for the others.
    """

    name: Name
    codec: str
    weight_bits: Bits = 8
    sparsity: Zeros = 0.0
    codec_options: dict[str, Any] | None = None
    granularity: Granularity = "tensor"
    model: str = ""
    matrices: dict[str, MatrixChoice] = field(default_factory=dict)
    residency: dict[str, Residency] = field(default_factory=dict)


class CloudChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """The baseline that streams audio up.

    ``model``: says what was said, once the experiment's own network, streaming in float32, has ended the request.
    """

    name: Name = "cloud, fp32"
    model: str = "rnnt-teacher"


class EchoChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """The music in the microphone.

    ``level_db``: of the echo against the speech, at the microphone. ``cancel``: an adaptive filter of ``tail_ms`` takes
    it out again, and its cycles are charged to the cores.
    """

    level_db: Annotated[float, Meta(ge=-60, le=40)]
    cancel: bool = True
    tail_ms: Annotated[int, Meta(ge=10, le=1000)] = 120


class ProductionChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Shape of the production-size recogniser that is timed without being trained."""

    encoder_layers: AtLeastOne
    encoder_units: AtLeastOne
    prediction_layers: AtLeastOne
    prediction_units: AtLeastOne
    embedding: AtLeastOne
    joint: AtLeastOne
    pieces: AtLeastOne
    utterances: AtLeastOne


class SensitivityChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Device constants that are halved and doubled: a name, and the keys of the device that are scaled together."""

    utterances: AtLeastOne
    constants: dict[Name, Annotated[tuple[str, ...], Meta(min_length=1)]]


class Experiment(Struct, frozen=True, forbid_unknown_fields=True):
    """A comparison as its TOML file states it.

    ``endpoint``: what ends an utterance; ``endpoint_silence_ms`` is short for its fixed rule. ``stage``: of the
    pipeline, beside front end and recogniser, or in their place. ``search``: how the recogniser looks for labels.
    ``context``: a user's names.
    ``rerank``: the cloud's language model chooses among the words of each lattice, which a beam search makes.
    ``downstream``: the work that follows the words.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}\Z")]
    device: str
    model: str
    speech: str
    configuration: Annotated[tuple[Configuration, ...], Meta(min_length=1)]
    music: str = ""
    frames_per_step: Annotated[int, Meta(ge=1, le=64)] = 1
    endpoint: EndPointChoice | None = None
    endpoint_silence_ms: Annotated[int, Meta(ge=STEP_MS, le=MOST_SILENCE_MS)] | None = None
    seed: Annotated[int, Meta(ge=0, lt=SEEDS)] = 1
    echo: EchoChoice | None = None
    search: SearchChoice = SearchChoice()
    context: ContextChoice | None = None
    downstream: DownstreamChoice = DownstreamChoice()
    rerank: bool = False
    stage: tuple[Stage, ...] = ()
    cloud: CloudChoice | None = None
    production: ProductionChoice | None = None
    sensitivity: SensitivityChoice | None = None

    @property
    def ends(self) -> EndPointChoice:
        """What ends an utterance."""
        if self.endpoint is not None or self.endpoint_silence_ms is None:
            return self.endpoint or EndPointChoice()
        return EndPointChoice(kind="fixed", silence_ms=self.endpoint_silence_ms)

    def model_of(self, configuration: Configuration) -> str:
        """The network that a configuration compresses."""
        return configuration.model or self.model


def load_experiment(path: Path | None) -> tuple[Experiment, Path]:
    """The experiment at ``path`` (the shipped one if None) and the path it was read from.

    Raises:
        InputError: a key, type or value is wrong, two rows of a table would share a name, or a codec is unknown.
    """
    path = path or shipped("experiments", "compression/compression.toml")
    tree = _with_model_paths(read_toml(path), path)
    stages = _stages(tree, path)
    experiment = replace(convert(tree, Experiment, path), stage=stages)
    if experiment.endpoint is not None and experiment.endpoint_silence_ms is not None:
        raise InputError(f"{path}: endpoint_silence_ms: not together with [endpoint], whose silence_ms it is short for")
    _check_names(experiment, path)
    if experiment.rerank and experiment.search.kind != "beam":
        raise InputError(f"{path}: rerank = true: needs lattices; give [search] kind = \"beam\"")
    if experiment.downstream.cloud and experiment.search.kind != "beam":
        raise InputError(f"{path}: downstream.cloud = true: lattices go up; give [search] kind = \"beam\"")
    with located(f"{path}: search"):
        experiment.search.maker()
    if experiment.context is not None:
        with located(f"{path}: context"):
            experiment.context.check(experiment.search)
    for configuration in experiment.configuration:
        here = f"{path}: configuration {configuration.name!r}"
        check_codec(configuration.codec, f"{here}: codec")
        check_bits(configuration.codec, configuration.weight_bits, f"{here}: weight_bits =")
        get(configuration.codec).checked(configuration.codec_options, f"{here}: ")
        for pattern, choice in configuration.matrices.items():
            if choice.codec is not None:
                check_codec(choice.codec, f"{here}: matrices.{pattern!r}.codec")
            if choice.codec_options is not None:
                codec = get(choice.codec or configuration.codec)
                codec.checked(choice.codec_options, f"{here}: matrices.{pattern!r}: ")
    return experiment, path


def _check_names(experiment: Experiment, path: Path) -> None:
    """Refuse names that tables would mix up or that cannot be printed, and a device key that is scaled twice."""
    rows = [("configuration.name", configuration.name) for configuration in experiment.configuration]
    if experiment.cloud:
        rows.append(("cloud.name", experiment.cloud.name))
    stages = [("stage.name", stage.title) for stage in experiment.stage]
    constants = experiment.sensitivity.constants if experiment.sensitivity else {}
    for named in (rows, stages, [("sensitivity.constants", name) for name in constants]):
        seen: dict[str, str] = {}
        for key, name in named:
            if readable(name) != name:
                raise InputError(f"{path}: {key} = {name!r}: must be of letters that can be printed")
            if name in seen:
                other = "" if seen[name] == key else f" by {seen[name]}"
                raise InputError(f"{path}: {key} = {name!r}: used twice{other}; names must differ")
            seen[name] = key
    for name, keys in constants.items():
        for key in keys:
            if keys.count(key) > 1:
                raise InputError(f"{path}: sensitivity.constants.{name!r} = {key!r}: listed twice; once is enough")


def check_codec(codec: str, where: str) -> None:
    """Refuse a codec that is not in the registry.

    Raises:
        InputError: there is none of that name; ``where`` says who named it.
    """
    if codec not in codecs():
        raise InputError(
            f"{where} = {codec!r}: no such codec; there are {', '.join(codecs())}{nearest(codec, codecs())}"
        )


def check_bits(codec: str, weight_bits: int, where: str) -> None:
    """Refuse bits that a codec has no use for.

    Raises:
        InputError: the codec stores others whatever is asked; ``where`` says who asked.
    """
    takes = get(codec).weight_bits
    if weight_bits not in takes:
        others = ", ".join(name for name in codecs() if weight_bits in get(name).weight_bits)
        found = f"{takes[0]} to {takes[-1]}" if len(takes) > 1 else str(takes[0])
        raise InputError(f"{where} {weight_bits}: codec {codec!r} stores {found} bits; use {others or 'other bits'}")


def check_seed(seed: int, where: str) -> None:
    """Refuse a seed that an experiment file could not have.

    Raises:
        InputError: it is below 0 or too large; ``where`` says who gave it.
    """
    if not is_number(seed, whole=True) or not 0 <= seed < SEEDS:
        raise InputError(f"{where} = {seed!r}: must be a whole number from 0 to {SEEDS - 1}")


def _stages(tree: dict[str, Any], path: Path) -> tuple[Stage, ...]:
    """The ``[[stage]]`` tables, which are taken out of ``tree``, each as the options of its kind."""
    old, tables = tree.pop("companion", []), tree.pop("stage", [])
    for key, value in (("companion", old), ("stage", tables)):
        if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            raise InputError(f"{path}: {key} = {shown(value)}: must be a list of tables, [[{key}]]")
    if old:
        said = "[[companion]]: deprecated, and goes with azsim 0.4; give [[stage]] with kind = 'stand-in' in its place"
        warnings.warn(f"{path}: {said}", stacklevel=3)
    made = []
    for table in [*({"kind": "stand-in", **table} for table in old), *tables]:
        name = table.get("name", table.get("kind"))
        where = f"{path}: stage {shown(name)}" if name is not None else f"{path}: stage"
        made.append(_stage_beside(path, table, where))
    with located(str(path)):
        with_those_always_there(made)
    return tuple(made)


def _stage_beside(path: Path, table: dict[str, Any], where: str) -> Stage:
    """A ``[[stage]]`` table of a file, its folders relative to that of the file."""
    made = stage_of(table, where)
    given = {key: getattr(made, key) for key in made.folders}
    return replace(made, **{key: str(beside(path, value)) for key, value in given.items() if value})


def _with_model_paths(tree: dict[str, Any], path: Path) -> dict[str, Any]:
    """The same tree with every path of a network made relative to the experiment's folder."""
    listed = tree.get("configuration")
    parts = [*(listed if isinstance(listed, list) else []), tree.get("cloud")]
    for table in [tree, *(part for part in parts if isinstance(part, dict))]:
        model = table.get("model")
        if isinstance(model, str) and (model.endswith(".safetensors") or "/" in model):
            table["model"] = str(beside(path, model))
    told = tree.get("context")
    if isinstance(told, dict) and isinstance(told.get("catalogue"), str):
        told["catalogue"] = str(beside(path, told["catalogue"]))
    return tree


def speech_of(experiment: Experiment, path: Path) -> Path:
    """The manifest that an experiment read from ``path`` names: a file, or the name of shipped recordings.

    Raises:
        InputError: there are no recordings of that name.
    """
    return _file_or_name(path, experiment.speech, speech_file)


def music_of(experiment: Experiment, path: Path) -> Path | None:
    """The track likewise; None for silence.

    Raises:
        InputError: there is no track of that name.
    """
    return _file_or_name(path, experiment.music, music_file) if experiment.music else None


def _file_or_name(path: Path, name: str, shipped_file: Callable[[str], Path]) -> Path:
    """A path beside the experiment; a word without a suffix that is no file there is a shipped thing's name."""
    file = beside(path, name)
    return shipped_file(name) if name and name == Path(name).stem and not os.path.isfile(file) else file


def beside(path: Path, name: str) -> Path:
    """A file that an experiment names: relative to the experiment's folder unless absolute."""
    return path.parent / name
