import pytest

from tidegate.errors import TidegateError
from tidegate.settings.problems import Problem, SettingsError, Unfit, printable


def test_a_problem_is_one_line_of_variable_wrong_and_mend():
    assert str(Problem("A_B", "is missing", "set it")) == "A_B is missing; set it"
    assert str(Unfit("is odd", "mend it").at("A")) == "A is odd; mend it"
    assert "\n" not in str(Problem("A\nB", "is missing", "set it"))


def test_names_are_made_printable_and_short():
    assert printable("A\x1b[0m") == "A\\x1b[0m"
    assert printable("A" * 100) == "A" * 64 + "..."


def test_an_error_has_each_problem_once_in_order():
    first, second = Problem("A", "is odd", "mend it"), Problem("B", "is odd", "mend it")
    with pytest.raises(TidegateError) as caught:
        raise SettingsError([first, second, first])
    assert caught.value.problems == (first, second)
    assert str(caught.value) == f"{first}\n{second}"
