"""The coffee-order domain: one drink, with size, roast, shots and additions.

::

    <opening> <article> <size, roast, shots: any subset, any order> <drink> [with <additions>]

Shares are set so that orders look like those that people speak: openings about
equally often, each quality in about half of the orders, an opening or an
article dropped now and then. ``an`` stands before vowels only, and not always.
"""

from __future__ import annotations

import re
from itertools import combinations, permutations

import numpy as np

from azsim.train.corpus.grammar import Grammar

QUALITIES = ("size", "roast", "shots")
WEIGHT_BY_QUALITIES = (1.0, 1.0, 0.6, 0.3)  # of one order of that many qualities

ARRANGEMENTS = " | ".join(
    f"{WEIGHT_BY_QUALITIES[count]}* {{opening}} {{article}} {' '.join(f'{{{name}}}' for name in order)} {{drink}}"
    for count in range(len(QUALITIES) + 1)
    for chosen in combinations(QUALITIES, count)
    for order in permutations(chosen)
)

RULES = {
    "start": "{body} {additions}",
    "opening": """10* can i get | 9* can i have | 9* may i have | 9* i want | 8* i'd like | 11* give me
        | 11* make me | 9* get me | 9* brew | 2.5* i would like | 3* {nothing}""",
    "article": "15* a | 1* {nothing}",
    "nothing": "",
    "body": ARRANGEMENTS,
    "size": "small | medium | large | eight ounce | twelve ounce | sixteen ounce | twenty ounce",
    "roast": "light roast | medium roast | dark roast",
    "shots": "single shot | double shot | triple shot",
    "drink": """5* americano | 6* cappuccino | 5* espresso | 5* latte | 8* mocha | 7* iced mocha | 5* coffee
        | 6* drip coffee | 7* house coffee | 6* iced coffee""",
    "additions": """3.5* {nothing} | 2* with {milk} | 2.4* with {sugar} | 1.3* with {milk} and {sugar}
        | 1.3* with {sugar} and {milk}""",
    "milk": "7* {milk_kind} | 6* {amount} {milk_kind}",
    "milk_kind": "milk | skim milk | whole milk | soy milk | almond milk | cream",
    "sugar": "7* {sugar_kind} | 6* {amount} {sugar_kind}",
    "sugar_kind": "sugar | brown sugar | sweetener",
    "amount": "a little bit of | a bit of | some | a lot of | lots of",
}

VOWEL_AFTER_A = re.compile(r"\ba (?=eight|iced|americano|espresso)")
AN_SHARE = 0.5


def coffee_grammar() -> Grammar:
    """The coffee-order grammar."""
    return Grammar(RULES)


def draw_order(grammar: Grammar, rng: np.random.Generator) -> str:
    """One order; the article before a vowel is ``an`` about half of the time."""
    order = grammar.draw(rng)
    return VOWEL_AFTER_A.sub("an ", order) if rng.random() < AN_SHARE else order
