"""Errors: exit statuses and hints."""

import pytest

from azsim.errors import AzsimError, BudgetError, CodecError, InputError, WorkError, located, nearest


def test_exit_statuses_tell_input_from_work() -> None:
    assert (AzsimError.exit_status, WorkError.exit_status) == (1, 1)
    assert (InputError.exit_status, CodecError.exit_status) == (2, 2)


def test_a_near_word_is_offered_and_a_far_one_is_not() -> None:
    assert nearest("lanse", ["lanes", "clock_mhz"]) == "; did you mean 'lanes'?"
    assert nearest("xyz", ["lanes", "clock_mhz"]) == ""


def test_a_budget_that_is_too_small_is_blamed_on_no_other_option() -> None:
    with pytest.raises(BudgetError, match=r"^net: would take more$"), located("--model"):
        raise BudgetError("net: would take more")
    with pytest.raises(BudgetError, match=r"^a\.toml: model: net$"), located("a.toml: model"):
        raise BudgetError("net")
    with pytest.raises(CodecError, match=r"^--model: cut$"), located("--model"):
        raise CodecError("cut")
