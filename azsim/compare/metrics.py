"""How good outputs are: near the float graph's, right by labels, or what a user's own function says."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from azsim.errors import InputError, nearest
from azsim.nn.graph.run import snr_db

Outputs = Mapping[str, np.ndarray]
Metric = Callable[[Outputs, Outputs], float]
"""Outputs of the integers, and those of the float graph, over all streams -> a number."""
KNOWN = ("snr", "cosine", "accuracy")


def metric_named(name: str, labels: np.ndarray | None) -> Metric:
    """A metric by its name, or a user's ``module:function``, which is imported and run.

    Args:
        name: ``snr`` (dB of all outputs), ``cosine`` (mean over steps, of all outputs), ``accuracy`` (of the first
            output, in percent), or ``module:function``, called with the outputs of the integers, those of the float
            graph, and the labels.
        labels: whole numbers ``(n,)``, one for each step of the output; None where there are none.

    Raises:
        InputError: there is none of that name, or it needs labels.
    """
    if ":" in name:
        return _users(name, labels)
    if name not in KNOWN:
        raise InputError(f"metric {name!r}: must be {', '.join(KNOWN)} or module:function{nearest(name, KNOWN)}")
    if name == "accuracy":
        if labels is None:
            raise InputError("metric 'accuracy': needs labels")
        return lambda found, exact: accuracy_percent(next(iter(found.values())), labels)
    return {"snr": _snr, "cosine": _cosine}[name]


def accuracy_percent(values: np.ndarray, labels: np.ndarray) -> float:
    """Share of steps at which the largest value is the label's; of a single value, above 0.5 is 1.

    Raises:
        InputError: there are not as many labels as steps.
    """
    flat = values.reshape(len(values), -1)
    if labels.shape != (len(flat),):
        raise InputError(f"labels of shape {labels.shape}: must be ({len(flat)},), one for each step of the output")
    picked = np.argmax(flat, axis=1) if flat.shape[1] > 1 else (flat[:, 0] > 0.5).astype(np.int64)
    return float(100 * np.mean(picked == labels))


def _snr(found: Outputs, exact: Outputs) -> float:
    return snr_db(*(np.concatenate([each[name].ravel() for name in exact]) for each in (exact, found)))


def _cosine(found: Outputs, exact: Outputs) -> float:
    """Mean over steps of the cosine between all outputs of a step; steps of zeros alone count as 1 where both are."""
    shares = []
    for name in exact:
        a, b = (each[name].reshape(len(each[name]), -1).astype(np.float64) for each in (found, exact))
        size = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        same = (np.linalg.norm(a, axis=1) == 0) & (np.linalg.norm(b, axis=1) == 0)
        products = np.einsum("ij,ij->i", a, b)
        shares.append(np.where(same, 1.0, np.divide(products, size, out=np.zeros_like(size), where=size > 0)))
    return float(np.mean(np.concatenate(shares)))


def _users(name: str, labels: np.ndarray | None) -> Metric:
    module, _, function = name.partition(":")
    try:
        own = getattr(importlib.import_module(module), function)
    except Exception as error:  # of the user's code
        raise InputError(f"metric {name!r}: {type(error).__name__}: {error}") from error
    if not callable(own):
        raise InputError(f"metric {name!r}: is no function")

    def measured(found: Outputs, exact: Outputs) -> float:
        try:
            value = own(dict(found), dict(exact), labels)
            return float(cast(float, value))
        except Exception as error:  # as above
            raise InputError(f"metric {name!r}: {type(error).__name__}: {error}") from error

    return measured
