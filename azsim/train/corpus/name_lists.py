"""Names that training may hear besides those of the grammars: people, cities, and words that titles are made of.

None of them is a name that `azsim.train.corpus.heldout` holds out. People have common given names, at times with a
family name; a share of names is made of syllables, so that a network cannot know them all by heart.
"""

from __future__ import annotations

import numpy as np

GIVEN = """aaron abigail adrian aisha alan albert alexander alfred alison amanda amber amy andrea angela anita ann
    anthony april arthur ashley audrey austin barbara beatrice benjamin beth beverly bonnie bradley brenda bruce bruno
    caleb cameron camilla carmen carol caroline catherine cecilia charles charlotte chloe christine claire clara
    claudia colin connor cynthia cyrus daisy dana daphne darren deborah denise dennis derek diego dolores donald
    donna doris dorothy douglas duncan dylan edgar edith eduardo edward elena elias elise elizabeth ella ellen elliot
    elsa emily eric erica erin ernest esther ethan eugene eva evelyn fatima fiona flora florence frances frederick
    gabriel gavin geoffrey georgia gerald gilbert gina gloria gordon grace graham gregory gustavo harold harriet
    harrison harvey hassan hazel heather hector heidi henry herbert hilda hugo iris irene isabel ivan jacob james
    jamila janet jason jeremy jerome jessica joan joanna joel john jonathan joseph joshua joyce juan judith julian
    justin karen karl kate keith kenneth kim kyle lars leah leo leonard leslie lewis lily linda lionel lois lorenzo
    louis lucas lucia luis luther lydia mabel madeline magnus malcolm manuel marcel margaret maria marie mario marion
    martha martin mary matilda matthew maurice max megan melissa mercedes michael mildred miranda mohammed molly monica
    morgan muriel nadia naomi natalie nathan neil nicholas nigel noah nora norman olga olivia omar oscar otto owen
    pablo pamela patricia patrick paul paula pauline philip phoebe phyllis priya quentin ralph ramon raymond rebecca
    regina reuben richard rita robert roberta robin rodney roger roland ronald rosa rosalind roxanne roy ruby rupert
    russell ruth sabrina sally sandra sarah scott sean selma seth sharon shirley sidney silvia simon sofia sophie
    stanley stella stephen stuart susan suzanne sylvester tamara tara terence thelma theodore thomas timothy tobias
    todd tracy trevor tyler ursula valerie vanessa vera vernon veronica vincent viola virginia wallace walter warren
    wesley wilfred william winston xavier yasmin yolanda yvonne zachary zelda zoe"""
FAMILY = """abbott baker barnes bennett bishop brooks burton carter chandler chapman collins cooper crawford dawson
    dixon duffy ellis farrell fisher fletcher foster franklin gardner gibson goodwin grant griffin hammond harper
    hawkins henderson hoffman hudson hughes jenkins keller kennedy lambert larson lawson lopez marsh martinez mason
    mitchell morales murphy newman norris osborne palmer parker patel pearson perkins porter preston quinn ramsey
    reynolds roberts robinson rossi russo sanders schmidt shelton silva simpson slater spencer stevens sullivan sutton
    tanaka taylor thornton tucker turner vaughan wagner walsh watson weaver webster whitaker wilcox wright yamamoto"""
CITIES = """athens atlanta auckland austin baltimore bangkok barcelona beirut bogota brussels bucharest budapest
    cairo calgary caracas charlotte cleveland columbus copenhagen dallas damascus delhi detroit dresden dublin
    edinburgh florence frankfurt geneva glasgow hamburg hanoi havana houston istanbul jakarta karachi kingston krakow
    lagos lima liverpool lyon manchester manila marseille melbourne memphis miami milan montreal moscow munich naples
    nashville orlando osaka ottawa phoenix portland prague quebec reykjavik riga rome rotterdam sacramento santiago
    shanghai singapore stockholm sydney tampa tehran tunis turin valencia vancouver venice vienna warsaw zurich"""
FIRST_WORDS = """amber ancient autumn bitter black bright broken burning careless cheerful clever cloudy cotton
    crooked crystal dancing dark deep desert double dreaming dusty early eastern electric emerald endless falling
    famous fearless final flying foreign forgotten frozen gentle ghostly giant glass gloomy grateful green hidden
    hollow honest humble hungry icy idle innocent ivory jolly laughing lazy little loyal magic melting mighty misty
    modern narrow nervous northern orange patient plastic pleasant purple quiet rainy rapid rolling royal rusty sacred
    scarlet secret silent simple sleepy smiling southern spinning steady stolen stormy stubborn tender tiny tropical
    velvet violet wandering western wicked wild wooden yellow"""
SECOND_WORDS = """anchors angels arrows balloons bears bottles branches brothers buttons cabins canyons captains
    castles caravans chairs clocks clouds cousins cowboys creatures crows curtains diamonds dolphins doorways dragons
    eagles engines farmers fields flowers foxes gamblers garden giants guitars hammers harvest horses hunters island
    jackets journey kingdom ladders letters lions machines magnets mirrors monkeys morning oceans orchard
    painters parade pilots pirates planets poets prophets rabbits radio rebels ribbons rockets saddles shadows sisters
    soldiers sparrows spiders statues strangers sunset teachers tigers towers travelers trumpets turtles umbrellas
    valley village visitors wagons whistle windows wizards wolves"""
ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pr r s sh st t tr v w z"
NUCLEI = "a e i o u ai ee oa ar er or"
CODAS = ("", "n", "l", "r", "s", "m", "nd", "t", "x", "sk")
MADE_SHARE, FAMILY_SHARE = 0.2, 0.15


def made_name(rng: np.random.Generator) -> str:
    """A name of two or three syllables that nobody may have, such as ``torvanel``."""
    syllables = int(rng.integers(2, 4))
    parts = [str(rng.choice(ONSETS.split())) + str(rng.choice(NUCLEI.split())) for _ in range(syllables)]
    return "".join(parts) + str(rng.choice(CODAS))


def contact(rng: np.random.Generator) -> str:
    """Somebody's given name, at times with a family name, at times a made one."""
    name = made_name(rng) if rng.random() < MADE_SHARE else _of(GIVEN, rng)
    return f"{name} {_of(FAMILY, rng)}" if rng.random() < FAMILY_SHARE else name


def artist(rng: np.random.Generator) -> str:
    """A band or a person."""
    share = rng.random()
    if share < 0.4:
        return f"the {_of(FIRST_WORDS, rng)} {_of(SECOND_WORDS, rng)}"
    return f"{_of(FIRST_WORDS, rng)} {_of(SECOND_WORDS, rng)}" if share < 0.7 else f"{contact(rng)} {_of(FAMILY, rng)}"


def title(rng: np.random.Generator) -> str:
    """A song."""
    share = rng.random()
    if share < 0.6:
        return f"{_of(FIRST_WORDS, rng)} {_of(SECOND_WORDS, rng)}"
    return f"{made_name(rng)} {_of(SECOND_WORDS, rng)}" if share < 0.8 else f"a {_of(FIRST_WORDS, rng)} song"


def city(rng: np.random.Generator) -> str:
    """A city, at times a made one."""
    return made_name(rng) if rng.random() < MADE_SHARE else _of(CITIES, rng)


NAMERS = {"contact": contact, "artist": artist, "title": title, "city": city}
"""Class -> what draws a name of it."""


def _of(words: str, rng: np.random.Generator) -> str:
    listed = words.split()
    return listed[int(rng.integers(len(listed)))]
