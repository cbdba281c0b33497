from __future__ import annotations

import re

import numpy as np
import pytest

from azsim.train.corpus.coffee import coffee_grammar, draw_order

SIZE = r"(small|medium|large|(eight|twelve|sixteen|twenty) ounce)"
ROAST = r"(light|medium|dark) roast"
SHOTS = r"(single|double|triple) shot"
DRINK = r"(americano|cappuccino|espresso|latte|(iced )?mocha|((drip|house|iced) )?coffee)"
OPENING = r"(brew|can i get|can i have|i want|get me|give me|i'd like|i would like|make me|may i have)"
AMOUNT = r"(a little bit of|a bit of|some|a lot of|lots of)"
MILK = rf"({AMOUNT} )?((skim |whole |soy |almond )?milk|cream)"
SUGAR = rf"({AMOUNT} )?((brown )?sugar|sweetener)"
ADDITIONS = rf"( with ({MILK}( and {SUGAR})?|{SUGAR}( and {MILK})?))?"
ORDER = re.compile(rf"({OPENING} ?)?(\b(a|an) )?(({SIZE}|{ROAST}|{SHOTS}) ){{0,3}}{DRINK}{ADDITIONS}")


@pytest.fixture(scope="module")
def orders() -> list[str]:
    grammar, rng = coffee_grammar(), np.random.default_rng(0)
    return [draw_order(grammar, rng) for _ in range(3000)]


def test_every_order_has_the_shape_of_the_domain(orders: list[str]) -> None:
    assert [order for order in orders if not ORDER.fullmatch(order)] == []


def test_each_quality_at_most_once(orders: list[str]) -> None:
    for order in orders:
        assert order.count(" shot ") <= 1
        assert order.count(" roast ") <= 1
        assert order.count(" ounce ") <= 1


def test_an_stands_before_vowels_only(orders: list[str]) -> None:
    followers = {match for order in orders for match in re.findall(r"\ban (\w)", order)}
    assert followers == {"a", "e", "i"}


def test_shares_are_those_of_real_orders(orders: list[str]) -> None:
    def share(words: str) -> float:
        return sum(words in order for order in orders) / len(orders)

    assert share(" shot ") == pytest.approx(0.55, abs=0.1)
    assert share(" roast ") == pytest.approx(0.5, abs=0.1)
    assert share(" with ") == pytest.approx(0.7, abs=0.1)
    assert np.mean([len(order.split()) for order in orders]) == pytest.approx(11, abs=1)
