"""Nothing is called done that no test proves."""

from tests.support.requirements import PAGE, STATES, by_hand, marked_tests, page


def test_what_is_called_done_is_proven_by_a_test():
    proven = marked_tests()

    unproven = [name for name, row in by_hand().items() if row["state"] == "done" and name not in proven]

    assert unproven == []


def test_every_marker_names_a_requirement_and_every_state_is_known():
    asked = by_hand()

    assert sorted(set(marked_tests()) - set(asked)) == []
    assert {row["state"] for row in asked.values()} <= set(STATES)


def test_the_page_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == page(by_hand(), marked_tests()), "run `make contracts`"
