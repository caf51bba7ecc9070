"""Whatever else a console shows, the newest whole receipt is read from it, and never a wrong one."""

from hypothesis import assume, given
from hypothesis import strategies as st

from portinfra.model.receipts import CheckAnswer, Receipt, find_newest, write_receipt

WORD = "open sesame"
ANSWERS = st.builds(CheckAnswer, st.booleans(), st.integers(0, 999), st.binary(max_size=60))
CHECKS = 2

NOISE = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    [
        "[   12.345678] audit: type=1400",
        "web1 login: ",
        "check 1 passed 1 ",
        "== portinfra receipt 3 begins ==",
        f"== portinfra receipt 3 ends {'0' * 64} ==",
    ]
)


@st.composite
def receipts(draw, most=4):
    """Receipts as one prober prints them, one after another."""
    answers = st.lists(ANSWERS, min_size=CHECKS, max_size=CHECKS)
    return [Receipt(number, tuple(draw(answers))) for number in range(1, draw(st.integers(1, most)) + 1)]


def newest(console, word=WORD, checks=CHECKS):
    return find_newest(console, word, checks)


@given(receipts(), st.lists(NOISE, min_size=4, max_size=4))
def test_the_newest_is_read_though_others_print_between_receipts(printed, noise):
    texts = [write_receipt(each, WORD) for each in printed]
    console = "".join(f"{text}{other}" for text, other in zip(texts, noise, strict=False))
    assert newest(console) == printed[-1]
    assert newest(console.replace("\n", "\r\n")) == printed[-1], "as a terminal ends its lines"


@given(receipts(), st.integers(0), st.integers(0))
def test_a_part_of_a_console_has_the_newest_whole_receipt_of_that_part(printed, first, last):
    texts = [write_receipt(each, WORD) for each in printed]
    console = "".join(texts)
    first %= len(console) + 1
    last = first + last % (len(console) - first + 1)
    begins = [len("".join(texts[:number])) + 1 for number in range(len(texts))]  # after an empty line
    whole = [
        each
        for each, text, begin in zip(printed, texts, begins, strict=True)
        if first <= begin and begin + len(text) - 2 <= last
    ]
    assert newest(console[first:last]) == (whole[-1] if whole else None)


@given(receipts(), st.data())
def test_bytes_that_are_changed_added_or_lost_make_no_wrong_receipt(printed, data):
    console = "".join(write_receipt(each, WORD) for each in printed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(console)))
        lost = data.draw(st.integers(0, 12))
        console = console[:at] + data.draw(NOISE | st.sampled_from("0123456789Ab")) + console[at + lost :]
    assert newest(console) in (*printed, None)


@given(receipts(most=1), st.data())
def test_one_digit_that_is_another_makes_it_no_receipt(printed, data):
    console = write_receipt(printed[0], WORD)
    digits = [at for at, sign in enumerate(console) if sign.isdigit()]
    at = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from([sign for sign in "0123456789" if sign != console[at]]))
    assert newest(console[:at] + other + console[at + 1 :]) is None


@given(receipts(most=1), st.lists(NOISE, max_size=6), st.randoms())
def test_whole_lines_of_the_kernel_within_a_receipt_change_nothing(printed, noise, random):
    (receipt,) = printed
    foreign = [line for line in noise if not line.startswith(("check ", "== portinfra")) and "\n" not in line]
    lines = write_receipt(receipt, WORD).split("\n")
    for line in foreign:
        lines.insert(random.randint(0, len(lines)), line)
    assert newest("\n".join(lines)) == receipt


@given(receipts(most=1), st.text(max_size=12))
def test_who_does_not_know_the_word_makes_no_receipt(printed, word):
    assume(word != WORD)
    assert newest(write_receipt(printed[0], word)) is None


@given(receipts(most=1), st.integers(2, 9))
def test_an_old_receipt_under_a_new_number_is_none(printed, number):
    console = write_receipt(printed[0], WORD)
    assert newest(console.replace("receipt 1 ", f"receipt {number} ")) is None


def test_a_receipt_about_other_checks_is_not_read():
    receipt = Receipt(1, (CheckAnswer(True, 1),))
    assert newest(write_receipt(receipt, WORD), checks=1) == receipt
    assert newest(write_receipt(receipt, WORD), checks=2) is None


def test_a_console_that_shows_nothing_has_none():
    assert newest("") is None
