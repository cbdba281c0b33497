"""A training recipe: one TOML file, typed and checked, that says everything a training depends on but the corpus.

::

    start ──> network ──stage──stage──> final
              sparsity, quantisation, distillation … act on every step

Lengths are in steps, never in minutes, so that a training can be cut into any number of pieces and gives the same
network.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from azsim.nn.normalisation import Normalisation
from azsim.ranges import Bits, NonNegative, Share, SmallCount, Zeros

SCRATCH = "scratch"
NOISES = ("noise", "music")
RECORDED = "noise-recorded"
"""The split of recorded noise, and the corpus folder that holds it."""

Steps = Annotated[int, Meta(ge=1, le=10**7)]
"""1 to 10,000,000."""
FromZero = Annotated[int, Meta(ge=0, le=10**7)]
"""A count that may be none: 0 to 10,000,000."""
AboveZero = Annotated[float, Meta(gt=0, le=1e9)]
"""A rate, strength or threshold: anything above 0, up to 1e9."""
Width = Annotated[int, Meta(ge=4, le=4096)]
"""Of a layer: 4 to 4,096."""


class NetworkSizes(Struct, frozen=True, forbid_unknown_fields=True):
    """The network of a start from scratch, or what another one is resized to.

    Attributes:
        pieces: labels, the blank among them.
        hidden: cells of each encoder LSTM (of each direction).
        prediction: cells of the prediction LSTM.
        embedding: width of a label's vector.
        joint: width of the joint hidden layer.
        bidirectional: the encoder hears the whole recording before it says anything: for teachers, float only.
    """

    pieces: SmallCount = 401
    hidden: Width = 256
    prediction: Width = 256
    embedding: Width = 256
    joint: Width = 256
    bidirectional: bool = False


class Mix(Struct, frozen=True, forbid_unknown_fields=True):
    """What an epoch is made of.

    Attributes:
        augmented: vary the utterances.
        noisy: most of those that are varied in noise, some in noise as loud as they are, and often for seconds before
            they are spoken; a stream does not wait between its wake word and its command.
        real_repeats: how often each real recording occurs.
        max_frames: longer utterances (after cropping) are left out.
        batch_frames: padded frames of a step, over all workers, with what silence most utterances keep.
        coffee_share: share of the synthetic coffee orders that an epoch takes, drawn anew each time: they are long,
            few words serve them all, and they are learned early.
        wide: those that are varied in levels down to room tone, narrow bands and louder noise as well, spoken within
            half a second of where they begin, some of them after seconds of silence or noise.
        unlabelled_repeats: how often each recording without text occurs; they need a teacher.
        synthetic, real: splits of the corpus whose utterances are taken as such.
        noises: splits of the corpus whose clips are mixed in; without recorded noise (``noise-recorded``), or without
            any, it is done without; a name that is not there beside others is refused.
        wake_word: what is heard of the wake word with which a stream begins. ``reset``: nothing, the network starts
            where it ends; ``kept``: all of it, and labels are asked of the encoder outputs after it.
    """

    augmented: bool
    real_repeats: FromZero
    max_frames: SmallCount
    batch_frames: SmallCount
    coffee_share: Share = 1.0
    noisy: bool = False
    wide: bool = False
    unlabelled_repeats: FromZero = 0
    synthetic: tuple[str, ...] = ("train",)
    real: tuple[str, ...] = ("real-train",)
    noises: tuple[str, ...] = NOISES
    wake_word: Literal["kept", "reset"] = "reset"


class RecipeStage(Struct, frozen=True, forbid_unknown_fields=True):
    """One stretch of a run.

    Attributes:
        name: for the log.
        mix: what its epochs are made of.
        transducer: train by the transducer loss, else by cross-entropy of the CTC head with labels spread evenly.
        ctc_weight: weight of the CTC loss beside the transducer loss.
        at_least: steps before it may end.
        at_most: steps after which it ends in any case; the last stage ends with the run.
        below_loss: it ends once its running loss per label (per voiced step without transducer) is below.
        below_wer_percent: and the word error rate last measured on seen voices.
        measure_every_steps: steps between word error rates, 0 for never.
    """

    name: str
    mix: Mix
    transducer: bool = True
    ctc_weight: NonNegative = 0.0
    at_least: FromZero = 0
    at_most: Steps = 10**7
    below_loss: NonNegative = 0.0
    below_wer_percent: AboveZero = 1e9
    measure_every_steps: FromZero = 500


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """Length and learning rate: warm-up, a plateau, then a cosine.

    Attributes:
        steps: updates of the whole run.
        peak_learning_rate: of Adam.
        warm_up_steps: from 0 to the peak.
        constant_share: of the run at the peak, warm-up included.
        last_share: learning rate at the end over the peak.
    """

    steps: Steps
    peak_learning_rate: AboveZero
    warm_up_steps: Steps = 100
    constant_share: Share = 0.0
    last_share: Share = 0.02


class Sparsity(Struct, frozen=True, forbid_unknown_fields=True):
    """How weights become zero (`azsim.train.sparsity`).

    Attributes:
        method: ``gradual``, ``compressed-sensing`` or ``one-shot``.
        share: of each matrix but the embedding that is zero in the end.
        pattern: ``free``, or ``balanced``: the same number of non-zeros for every lane in every block of columns.
        ramp_share: of the run at which the share of zeros is reached.
        choose_every_steps: how often it is decided which weights are zero.
        lanes, block_columns: the chip's, for ``balanced``.
        pull: of compressed sensing, part of the way to the projected target that a small weight goes in a step.
        threshold: of compressed sensing, soft threshold per step, in parts of the matrix's mean magnitude.
    """

    method: Literal["gradual", "compressed-sensing", "one-shot"]
    share: Zeros
    pattern: Literal["free", "balanced"] = "free"
    ramp_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    choose_every_steps: Steps = 50
    lanes: SmallCount = 32
    block_columns: SmallCount = 16
    pull: Share = 0.02
    threshold: Share = 0.0005


class Quantisation(Struct, frozen=True, forbid_unknown_fields=True):
    """How weights come to lie on few values (`azsim.train.quantisation`).

    Attributes:
        method: ``fake-quant``: values of the grid in the forward pass, gradients straight through; ``regularised``: an
            absolute sine pulls the real weights to a uniform grid that contains zero; ``multi-regional``: the same
            between the centroids of a Lloyd-Max palette, with a hard snap now and then.
        weight_bits: 1 to 8.
        codec: what the device stores them as; it decides the grid, as in `azsim.compress`.
        from_share: of the run before it begins.
        ramp_share: of the run at which the regulariser has its full strength.
        strength: the largest pull on a weight, as a gradient of the loss per label.
        levels_every_steps: how often the values are chosen anew from the weights.
        snap_every_steps: of ``multi-regional``, steps between hard snaps.
        activations: compute the activations as the chip does, in its integers, as well (`azsim.train.chip_arithmetic`).
    """

    method: Literal["fake-quant", "regularised", "multi-regional", "none"]
    weight_bits: Bits = 8
    codec: str = "packed"
    from_share: Share = 0.0
    ramp_share: Annotated[float, Meta(gt=0, le=1)] = 0.6
    strength: AboveZero = 2e-3
    levels_every_steps: Steps = 25
    snap_every_steps: Steps = 200
    activations: bool = False


class Distillation(Struct, frozen=True, forbid_unknown_fields=True):
    """What is learned from a teacher (`azsim.train.distillation`).

    Attributes:
        teacher: a model's or a recipe's name, or a path.
        lattice_weight: of the divergence of (next label, blank, rest) over the transducer's lattice.
        encoder_weight: of the distance of encoder outputs, through a linear map that is thrown away.
        delay_steps: encoder steps of 60 ms by which a teacher that hears the future is held back.
        clean: the teacher hears the recording without the noise that the student hears.
        label_weight: of the transducer loss on labelled recordings beside it.
        unlabelled: splits of the corpus whose texts, if any, are not looked at; the teacher writes down what it hears
            in them, and only its targets are learned from.
    """

    teacher: str
    lattice_weight: NonNegative = 0.05
    encoder_weight: NonNegative = 0.0
    delay_steps: Annotated[int, Meta(ge=0, le=50)] = 0
    clean: bool = True
    label_weight: NonNegative = 1.0
    unlabelled: tuple[str, ...] = ("real-unlabelled",)


class Mwer(Struct, frozen=True, forbid_unknown_fields=True):
    """Training on the word error rate itself (`azsim.train.mwer`).

    The recordings that are decoded are drawn from what the stage trains on, and varied as it varies them.

    Attributes:
        weight: of the expected word errors beside the transducer loss.
        hypotheses: in each n-best list.
        recordings: decoded at once.
        real_share: of those, how many are of real people.
        recordings_per_step: of those, whose errors a step adds.
        decode_every_steps: how often new recordings are decoded with the network so far.
    """

    weight: NonNegative = 1.0
    hypotheses: Annotated[int, Meta(ge=2, le=64)] = 4
    recordings: SmallCount = 100
    real_share: Share = 0.25
    recordings_per_step: SmallCount = 4
    decode_every_steps: Steps = 50


class Branching(Struct, frozen=True, forbid_unknown_fields=True):
    """A small and a large branch per encoder layer, one of them picked per step (`azsim.train.branches`).

    Attributes:
        choice: who picks: an ``arbiter`` that is trained with the rest; always ``large`` or ``small``; ``random``; or
            ``wake-word``: small before the command begins, large from there on.
        rank: of the small branches.
        arbiter: cells of the arbiter.
        cost_weight: of the share of encoder products that the arbiter's choice takes, in nats per label.
        large_share: of ``random``, steps that take the large branch.
        first_temperature, last_temperature: of the arbiter's choice, falling over the run.
    """

    choice: Literal["arbiter", "large", "small", "random", "wake-word"]
    rank: Width = 32
    arbiter: Width = 16
    cost_weight: NonNegative = 0.1
    large_share: Share = 0.5
    first_temperature: AboveZero = 2.0
    last_temperature: AboveZero = 0.5


class TrainedSubset(Struct, frozen=True, forbid_unknown_fields=True):
    """Which weights move at all (`azsim.train.subset`); biases and all others stay as they are.

    Attributes:
        share: of the weights of each chosen matrix.
        matrices: patterns of names; all of them without.
        seed: that draws the share, apart from the recipe's so that successive trainings move the same weights.
    """

    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    matrices: tuple[str, ...] = ()
    seed: FromZero = 1


class Recipe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One training.

    Attributes:
        title: what it is for, in one line.
        start: ``scratch``, or a network to go on from: a model's or a recipe's name, or a path.
        resized: the network it starts from first grows or shrinks to the recipe's sizes (`azsim.train.resize`).
        respelled: the network it starts from first gets as many word pieces as the sizes say, learned from the
            corpus's training text, each beginning as the old ones that spell it (`azsim.train.repiece`).
        normalisation: of the features (`azsim.nn.normalisation`); without one, as the network has it that it starts
            from, ``global`` from scratch.
        spelling: of a start from scratch, the network whose word pieces and feature statistics are taken; without one
            they are the teacher's, or measured on the corpus.
        seed: of everything random.
        workers: processes, one thread each, that share every step.
        bfloat16: matrix products in bfloat16; losses, gradients and parameters stay float32.
        sizes: of a network from scratch, or of one that is resized.
        sentence_end: every sentence ends in a label of its own, which a network that has none is given
            (`azsim.train.sentence_end`).
        schedule: length and learning rate.
        stages: one after the other.
        branching, sparsity, quantisation, distillation, mwer, subset: what acts on the training besides.
    """

    title: str
    start: str = SCRATCH
    resized: bool = False
    respelled: bool = False
    normalisation: Normalisation | None = None
    spelling: str = ""
    seed: FromZero = 1
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    bfloat16: bool = True
    sizes: NetworkSizes = NetworkSizes()
    sentence_end: bool = False
    schedule: Schedule
    stages: Annotated[tuple[RecipeStage, ...], Meta(min_length=1)]
    branching: Branching | None = None
    sparsity: Sparsity | None = None
    quantisation: Quantisation | None = None
    distillation: Distillation | None = None
    mwer: Mwer | None = None
    subset: TrainedSubset | None = None
