"""The float transducer against a loop over single steps, and the integer one against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.compress.recipe import compress
from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.nn.rnnt.network import SENTENCE_END
from azsim.speech.frontend import FeatureQuantiser, stacked


def one_by_one(network, features) -> list[int]:
    """Greedy labels, one utterance, one step at a time, in float64."""
    weights = {name: np.asarray(value, np.float64) for name, value in network.parameters.items()}
    state = {}

    def lstm(layer, x):
        size = weights[f"{layer}.recurrent"].shape[1]
        h, c = state.get(layer, (np.zeros(size), np.zeros(size)))
        gates = weights[f"{layer}.input"] @ x + weights[f"{layer}.recurrent"] @ h + weights[f"{layer}.bias"]
        i, f, g, o = gates.reshape(4, size)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        state[layer] = np.tanh(c) / (1 + np.exp(-o)), c
        return state[layer][0]

    def predict(label):
        return weights["joint.prediction"] @ lstm("prediction.0", weights["prediction.embedding"][label])

    labels, predicted, before = [], predict(0), None
    for step in FloatTransducer(network).steps(features):
        low = lstm("encoder.0", step.astype(np.float64))
        if before is None:
            before = low
            continue
        high = lstm("encoder.2", lstm("encoder.1", np.concatenate([before, low])))
        encoded, before = weights["joint.encoder"] @ high + weights["joint.bias"], None
        for _ in range(4):
            logits = weights["joint.output"] @ np.tanh(encoded + predicted) + weights["joint.output_bias"]
            if logits.argmax() == 0:
                break
            labels.append(int(logits.argmax()))
            predicted = predict(labels[-1])
    return labels


def test_batch_equals_single_steps(make_network):
    network = make_network(4)
    rng = np.random.default_rng(0)
    features = [rng.normal(5, 2, (frames, 64)).astype(np.float32) for frames in (40, 131, 7, 90)]
    found = FloatTransducer(network).recognise(features)
    assert [list(each.labels) for each in found] == [one_by_one(network, each) for each in features]
    assert any(each.labels for each in found)


def test_nothing_is_said_after_the_end_of_the_sentence(make_network):
    network = make_network(4)
    rng = np.random.default_rng(0)
    features = [rng.normal(5, 2, (frames, 64)).astype(np.float32) for frames in (40, 131, 7, 90)]
    plain = [each.labels for each in FloatTransducer(network).recognise(features)]
    for end in sorted({label for labels in plain for label in labels}):
        pieces = tuple(SENTENCE_END if label == end else piece for label, piece in enumerate(network.pieces))
        found = FloatTransducer(replace(network, pieces=pieces)).recognise(features)
        cut = [labels[: labels.index(end)] if end in labels else labels for labels in plain]
        assert [each.labels for each in found] == cut


def test_integer_encoder_stays_close_to_float(make_network):
    network = make_network(3, hidden=(64, 64, 64))
    rng = np.random.default_rng(1)
    features = rng.normal(5, 2, (180, 64)).astype(np.float32)
    reference = FloatTransducer(network)
    exact, _ = reference._encode([reference.steps(features)])
    model = IntegerModel.of(compress(network))
    quantiser = FeatureQuantiser(network, model.feature_scale)
    encoded = Encoder(model).push(stacked(quantiser(features), 3, 2)) / 2.0**11
    assert np.abs(encoded - exact[:, 0]).max() < 0.25 * exact.std()
    assert np.sqrt(np.mean((encoded - exact[:, 0]) ** 2)) < 0.05 * exact.std()
