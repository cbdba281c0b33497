"""Small random networks that several folders of tests share; `tests.needs`: what a run must not skip."""

from __future__ import annotations

import signal

import hypothesis
import numpy as np
import pytest

from azsim.nn.rnnt.network import Network

pytest_plugins = ("tests.needs", "pytester")

hypothesis.settings.register_profile("azsim", deadline=None)  # machines are slow and shared
hypothesis.settings.load_profile("azsim")

PIECES = ("<blank>", "\u2581turn", "\u2581on", "\u2581the", "\u2581li", "ght", "s", "\u2581o", "ff", "\u2581a", "n")


def random_network(
    seed: int = 0,
    hidden: tuple[int, ...] = (12, 10, 14),
    predictor: tuple[int, ...] = (9,),
    time_reduction_after: int = 0,
    embedding: int = 7,
    joint: int = 11,
    spread: float = 1.0,
    branch_rank: int = 0,
    arbiter: int = 0,
) -> Network:
    """An untrained transducer of any depth whose blank is likely, so that it emits now and then.

    With a ``branch_rank`` its encoder has branches beside the same large weights, with ``arbiter`` cells it picks them.
    """
    rng = np.random.default_rng(seed)
    reduction = 2 if time_reduction_after >= 0 else 1

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (spread * rng.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)

    parameters = {"frontend.mean": rng.normal(5, 1, 64), "frontend.inv_std": rng.uniform(0.2, 0.6, 64)}

    def lstms(part: str, width: int, sizes: tuple[int, ...]) -> int:
        for i, size in enumerate(sizes):
            parameters[f"{part}.{i}.input"] = 2 * matrix(4 * size, width)
            parameters[f"{part}.{i}.recurrent"] = matrix(4 * size, size)
            parameters[f"{part}.{i}.bias"] = rng.normal(0, 0.5, 4 * size)
            width = size * (reduction if part == "encoder" and i == time_reduction_after else 1)
        return width

    encoder = lstms("encoder", 192, hidden)
    parameters["prediction.embedding"] = matrix(len(PIECES), embedding) * 2
    prediction = lstms("prediction", embedding, predictor)
    parameters["joint.encoder"] = 4 * matrix(joint, encoder)
    parameters["joint.prediction"] = 4 * matrix(joint, prediction)
    parameters["joint.bias"] = rng.normal(0, 0.2, joint)
    parameters["joint.output"] = 3 * matrix(len(PIECES), joint)
    parameters["joint.output_bias"] = np.where(np.arange(len(PIECES)) == 0, 2.5, 0.0)
    for i in range(len(hidden) if branch_rank else 0):
        rows, columns = parameters[f"encoder.{i}.input"].shape
        parameters[f"encoder.{i}.small.input"] = 2 * matrix(branch_rank, columns)
        parameters[f"encoder.{i}.small.recurrent"] = matrix(branch_rank, rows // 4)
        parameters[f"encoder.{i}.small.expand"] = matrix(rows, branch_rank)
        parameters[f"encoder.{i}.small.bias"] = rng.normal(0, 0.5, rows)
    if arbiter:
        lstms("arbiter", 192, (arbiter,))
        parameters["arbiter.score"] = 4 * matrix(1, arbiter)
        parameters["arbiter.score_bias"] = rng.normal(0, 0.2, 1)
    return Network(
        name=f"random-{seed}",
        parameters={name: np.asarray(value, np.float32) for name, value in parameters.items()},
        pieces=PIECES,
        stack=3,
        time_reduction_after=time_reduction_after,
        time_reduction=reduction,
        feature_clip=4.0,
        activation_scales={},
        digest="0" * 64,
        source="random",
    )


@pytest.fixture(scope="session")
def tiny_network() -> Network:
    """Three encoder layers with a time reduction after the first, one prediction layer, 11 pieces."""
    return random_network(8)


@pytest.fixture(scope="session")
def make_network():
    """The function behind `tiny_network`, for other sizes and seeds."""
    return random_network


@pytest.fixture(scope="session", autouse=True)
def interrupts_are_heard() -> None:
    """Undo what children inherit and the tests of interrupts need: background jobs ignore SIGINT, nohup SIGHUP."""
    for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
