"""Errors: exit statuses and hints."""

from azsim.errors import AzsimError, CodecError, InputError, WorkError, nearest


def test_exit_statuses_tell_input_from_work() -> None:
    assert (AzsimError.exit_status, WorkError.exit_status) == (1, 1)
    assert (InputError.exit_status, CodecError.exit_status) == (2, 2)


def test_a_near_word_is_offered_and_a_far_one_is_not() -> None:
    assert nearest("lanse", ["lanes", "clock_mhz"]) == "; did you mean 'lanes'?"
    assert nearest("xyz", ["lanes", "clock_mhz"]) == ""
