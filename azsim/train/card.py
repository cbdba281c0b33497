"""The model card: what a trained network is, how it is stored, how it was made, and how it does.

::

    exported card (seed, steps, recipe) ─┐
    network, its file ───────────────────┼──> models/NAME/card.md
    word error rates per set ────────────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import msgspec

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.train.export import ModelCard, TrainedModel
from azsim.train.recipe import RECORDED, SCRATCH, Recipe
from azsim.train.recipe_file import load_recipe, split_seed

COLUMNS = 118
COMMANDS = """- Commands spoken by the same programs: sentences of SLURP (github.com/pswietojanski/slurp), CC BY 4.0,
  those on the training side of a split by clusters of near-twins.
"""
KITCHEN = """- Recorded noise: the first minute of a kitchen, from the same benchmark, which took it from Freesound.
"""


@dataclass(frozen=True)
class Published:
    """A network as it is shipped.

    Attributes:
        card: what its file says of itself; ``dtype`` is a float type or a codec.
        network: its float weights.
        small: its bitstreams; None if the file holds float weights.
        file_bytes: of ``model.safetensors``.
        curve: its curve is beside it.
        exact: compressing the network again, at the same bits and zeros, gives the same int8 values.
        commands: it was trained on commands of a text as well.
    """

    card: ModelCard
    network: Network
    small: CompressedNetwork | None
    file_bytes: int
    curve: bool
    exact: bool = False
    commands: bool = False


def card_text(published: Published, rows: Sequence[str]) -> str:
    """The card, in Markdown; ``rows`` are those of the table of word error rates."""
    network = published.network
    heads = ["set", "what", "utterances", "weights and activations in float"]
    if not network.is_bidirectional:
        heads.append(f"on the device ({_on_device(published)})")
    return f"""# {published.card.name}

{fill(f"{_what(network)} {_sizes(network)}", COLUMNS)}

{fill(_stored(published), COLUMNS)}

## Made by

{_made_by(published)}

## Word error rate (percent, whole recordings, greedy search)

95 % bootstrap intervals in brackets; by speaker for the real recordings. No training heard the shipped test speech or
the real dev split. No setting of a recipe was chosen by them, but that a training in louder noise is shipped was.

| {" | ".join(heads)} |
|{"---|" * len(heads)}
{chr(10).join(rows)}

## Trained on

- Synthetic speech of the project's own grammars (`azsim/train/corpus`), spoken by espeak-ng, flite (kal16, awb, rms,
  slt) and festival (kal_diphone, cmu_us_slt_arctic_hts); room responses, noise and music made by the project. Output of
  these programs is free of their licences' conditions.
- Real recordings of coffee orders: Picovoice speech-to-intent-benchmark
  (github.com/Picovoice/speech-to-intent-benchmark), Apache-2.0, training split (28 speakers estimated,
  less those held out). Transcripts were made by decoding under a grammar; 1 to 2 % of their words are estimated to be
  wrong.
{COMMANDS if published.commands else ""}{_recorded_noise(published)}
## Not for

Free dictation, names outside the grammar, languages other than English. Real people are represented by one domain and
few speakers. Licence of the weights: Apache-2.0.
"""


def lineage(name: str, start: str = "") -> list[tuple[str, Recipe]]:
    """The recipes that lead to a network, first to last, by the names that `load_recipe` takes, with seed and start as
    they ran.

    What is not a shipped recipe (a model, a user's own file) ends the line.

    Args:
        name: of its run.
        start: what it really started from; empty for what its recipe says.
    """
    line: list[tuple[str, Recipe]] = []
    seen = {"", SCRATCH}
    while name not in seen:
        seen.add(name)
        known, seed = split_seed(name)
        try:
            recipe = load_recipe(known)[1]
        except InputError:
            break
        ran = msgspec.structs.replace(recipe, seed=recipe.seed if seed is None else seed, start=start or recipe.start)
        line.insert(0, (known, ran))
        name, start = ran.start, ""
    return line


def _command(name: str, ran: Recipe) -> str:
    recipe = load_recipe(name)[1]
    start = f" --start {ran.start}" if ran.start != recipe.start else ""
    seed = f" --seed {ran.seed}" if ran.seed != recipe.seed else ""
    return f"azsim train {name}{start}{seed}"


def _what(network: Network) -> str:
    kind = "An RNN-T" if network.is_bidirectional else "A streaming RNN-T"
    said = f"{kind} for short English commands to a smart speaker and a coffee machine."
    if network.is_bidirectional:
        said += " It hears the whole recording before it says anything, so it stays in the cloud and teaches."
    return said


def _sizes(network: Network) -> str:
    cells = network.parameters["encoder.0.recurrent"].shape[1]
    direction = " in each direction" if network.is_bidirectional else ""
    return (
        f"{network.weights / 1e6:.2f} M weights: 64 log-mel bins, {network.stack} frames stacked to "
        f"{10 * network.stack} ms, LSTM encoder of {network.encoder_layers} layers of {cells} cells{direction} with "
        f"time reduction by {network.time_reduction} after the first, LSTM prediction network, joint network, "
        f"{len(network.pieces)} word pieces."
    )


def _stored(published: Published) -> str:
    small, form = published.small, published.card.dtype
    scales = (
        "Activation scales for integer inference are stored with them." if published.network.activation_scales else ""
    )
    size = f"{published.file_bytes / 2**20:.2f} MiB"
    if small is None:
        return f"Parameters are stored as {form} ({size}). {scales}"
    share = small.model_bytes / published.network.fp32_bytes
    aim = _aim(published.card.trained)
    begin = f"Trained for {aim}, and stored" if aim else "Stored"
    again = ", and compressing the result at the same bits and zeros changes no weight" if published.exact else ""
    return (
        f"{begin} ({size}) as the bitstreams that travel to the device: "
        f"`{form}`, {small.sparsity:.0%} of all weights zero, {small.bits_per_weight:.2f} bits per weight, "
        f"{small.model_bytes / 1024:,.0f} KiB on the device, {share:.1%} of the same network in "
        f"fp32. `azsim.load_network` decodes them{again}. {scales}"
    )


def _aim(trained: TrainedModel) -> str:
    aims = [f"{trained.weight_bits} bits"] if trained.weight_bits else []
    aims += [f"{trained.sparsity:.0%} zeros in every matrix but the embedding"] if trained.sparsity else []
    return " and ".join(aims)


def _on_device(published: Published) -> str:
    if published.small is None:
        return "int8 weights and activations"
    bits = {matrix.encoded.weight_bits for matrix in published.small.matrices.values()}
    return f"{published.card.dtype}, {max(bits)} bits, int8 activations"


def names_recorded_noise(line: Sequence[tuple[str, Recipe]]) -> bool:
    """Whether a recipe of a line mixes clips of recorded noise in."""
    return any(RECORDED in stage.mix.noises for _, recipe in line for stage in recipe.stages)


def _recorded_noise(published: Published) -> str:
    trained = published.card.trained
    return KITCHEN if names_recorded_noise(lineage(trained.recipe, trained.start)) else ""


def _made_by(published: Published) -> str:
    trained = published.card.trained
    curve = " The curve is in `curve.csv`." if published.curve else ""
    facts = f"Seed {trained.seed}, {trained.steps} steps, {trained.hours:.2f} hours.{curve}"
    line = lineage(trained.recipe, trained.start)
    if not line:
        return facts
    commands = "\n".join(f"    {_command(name, ran)}" for name, ran in line)
    name, recipe = line[-1]
    said = f"Recipe `models/recipes/{name.split('/')[0]}.toml`: {recipe.title}."
    if recipe.distillation:
        said += f" It learned from `{recipe.distillation.teacher}` as well as from the texts."
        if any(stage.mix.unlabelled_repeats for stage in recipe.stages):
            said += " Of real recordings without text, it learned what that one heard in them."
    return f"{commands}\n\n{fill(f'{said} {facts}', COLUMNS)}"
