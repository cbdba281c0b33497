"""The experiment file: defaults, paths, per-matrix choices."""

from __future__ import annotations

from pathlib import Path

import pytest

from azsim.compare.experiment import load_experiment
from azsim.errors import InputError

MINIMAL = """
name = "mine"
device = "az1"
model = "nets/mine.safetensors"
speech = "speech.csv"

[[configuration]]
name = "mixed"
codec = "zvsv"
weight_bits = 4
sparsity = 0.5

[configuration.matrices."joint.*"]
codec = "raw"
weight_bits = 8
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_the_shipped_experiment_has_the_configurations_that_the_readme_shows() -> None:
    experiment, _ = load_experiment(None)
    assert [(c.codec, c.weight_bits, c.sparsity) for c in experiment.configuration] == [
        ("raw", 8, 0.0),
        ("bitmap", 8, 0.5),
        ("palette", 5, 0.0),
        ("zvsv", 5, 0.5),
        ("zvsv", 4, 0.75),
    ]


def test_a_network_file_is_looked_for_beside_the_experiment(tmp_path: Path) -> None:
    experiment, _ = load_experiment(written(tmp_path, MINIMAL))
    assert experiment.model_of(experiment.configuration[0]) == str(tmp_path / "nets/mine.safetensors")


def test_matrices_can_differ(tmp_path: Path) -> None:
    experiment, _ = load_experiment(written(tmp_path, MINIMAL))
    choice = experiment.configuration[0].matrices["joint.*"]
    assert (choice.codec, choice.weight_bits, choice.sparsity) == ("raw", 8, None)


SENSITIVITY = """
[sensitivity]
utterances = 1
[sensitivity.constants]
clock = ["chip.clock_mhz", "chip.sram.bytes"]
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MINIMAL + '[cloud]\nname = "mixed"\n', r"cloud\.name = 'mixed': used twice by configuration\.name"),
        (MINIMAL + MINIMAL[MINIMAL.index("[[") :], r"configuration\.name = 'mixed': used twice; names must differ"),
        (MINIMAL.replace('"mixed"', r'"a\u009b31mb"'), r"configuration\.name = 'a\\x9b31mb': must be of letters"),
        (MINIMAL.replace('"mixed"', r'"a\uffffb"'), r"must be of letters that can be printed"),
        (MINIMAL.replace('"mixed"', r'"a\u202eb"'), r"must be of letters that can be printed"),
        (
            MINIMAL + SENSITIVITY.replace('"chip.sram.bytes"', '"chip.clock_mhz"'),
            r"sensitivity\.constants\.'clock' = 'chip\.clock_mhz': listed twice",
        ),
        (MINIMAL + SENSITIVITY + r'"x\u0085" = ["chip.sram.bytes"]', r"sensitivity\.constants = 'x\\x85'"),
    ],
)
def test_names_that_tables_would_mix_up_or_cannot_print_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load_experiment(written(tmp_path, text))


def test_names_that_differ_are_taken(tmp_path: Path) -> None:
    experiment, _ = load_experiment(
        written(tmp_path, MINIMAL + '[cloud]\nname = "5-bit: \u00e9\u0932\u093e"\n' + SENSITIVITY)
    )
    assert experiment.cloud.name.startswith("5-bit")


def test_a_codec_of_one_matrix_is_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.toml: configuration 'mixed': matrices\.'joint\.\*'\.codec = 'rw'"):
        load_experiment(written(tmp_path, MINIMAL.replace('codec = "raw"', 'codec = "rw"')))


def test_bits_that_a_codec_has_no_use_for_are_refused(tmp_path: Path) -> None:
    said = r"mine\.toml: configuration 'mixed': weight_bits = 4: codec 'bitmap' stores 8 bits"
    with pytest.raises(InputError, match=said):
        load_experiment(written(tmp_path, MINIMAL.replace('codec = "zvsv"', 'codec = "bitmap"')))


def test_a_codec_has_options_of_its_own(tmp_path: Path) -> None:
    text = MINIMAL.replace('codec = "zvsv"', 'codec = "zvsv"\ncodec_options = { bypass = "zero-value" }')
    assert load_experiment(written(tmp_path, text))[0].configuration[0].codec_options == {"bypass": "zero-value"}
    said = r"mine\.toml: configuration 'mixed': codec 'zvsv': bypass = 'zero': must be one of"
    with pytest.raises(InputError, match=said):
        load_experiment(written(tmp_path, text.replace("zero-value", "zero")))
    said = r"mine\.toml: configuration 'mixed': matrices\.'joint\.\*': codec 'raw': takes no options; leave out a"
    with pytest.raises(InputError, match=said):
        load_experiment(written(tmp_path, MINIMAL.replace('codec = "raw"', 'codec = "raw"\ncodec_options = { a = 1 }')))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.toml: device: missing"):
        load_experiment(written(tmp_path, MINIMAL.replace('device = "az1"\n', "")))


def test_frames_per_step_and_residency_are_the_experiment_s(tmp_path: Path) -> None:
    text = MINIMAL.replace('speech = "speech.csv"', 'speech = "speech.csv"\nframes_per_step = 4')
    text += '\n[configuration.residency]\n"*.recurrent" = "decoded"\n'
    experiment, _ = load_experiment(written(tmp_path, text))
    assert experiment.frames_per_step == 4
    assert experiment.configuration[0].residency == {"*.recurrent": "decoded"}
    assert load_experiment(None)[0].frames_per_step == 1
    for wrong in (text.replace('"decoded"', '"kept"'), text.replace("frames_per_step = 4", "frames_per_step = 0")):
        with pytest.raises(InputError, match=r"mine.toml: (configuration|frames_per_step)"):
            load_experiment(written(tmp_path, wrong))


@pytest.mark.parametrize("value", ["1000001", "1" + 400 * "0", "0x" + 6000 * "f"], ids=["many", "400 digits", "hex"])
def test_sizes_in_the_billions_are_refused_by_name(tmp_path: Path, value: str) -> None:
    layer = f'{{ kind = "dense", inputs = 1, units = {value} }}'
    stage = f'[[stage]]\nkind = "stand-in"\nname = "a"\nevery_ms = 20.0\nlayers = [{layer}]\n'
    said = r"mine\.toml: stage 'a': entry 1 of layers: units = .*from 1 to 1000000"
    with pytest.raises(InputError, match=said) as refused:
        load_experiment(written(tmp_path, MINIMAL + stage))
    assert len(str(refused.value)) < 400
