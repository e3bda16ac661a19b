"""Any mail of the allowed size is taken, with work in proportion to it."""

from __future__ import annotations

import encodings
import pkgutil
import sys
import warnings
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from encodings.aliases import aliases
from html.parser import HTMLParser
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.inbox.html_text import words_of
from pantrywatch.inbox.mail import read_mail
from tests.support.properties import cases

_CODECS = sorted({module.name for module in pkgutil.iter_modules(encodings.__path__)} | set(aliases))
_LARGE = 4 * 1024 * 1024  # the largest mail that is allowed
_PLAIN = b"Content-Type: text/html\r\n\r\n"


def _repeated(piece: bytes, size: int) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def _nested(size: int, levels: int = 2000) -> bytes:
    """Return a mail of parts in parts; what is left of the size are short lines in the innermost."""
    head = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(min(levels, size // 80))
    )
    return head + b"\r\n" + _repeated(b"x\r\n", max(0, size - len(head)))


_SHAPES: dict[str, Callable[[int], bytes]] = {
    "parts in parts": _nested,
    "many parts": lambda size: (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + _repeated(b"--b\r\n\r\nx\r\n", size)
    ),
    "mails in mails": lambda size: _repeated(b"Content-Type: message/rfc822\r\n\r\n", size),
    "a long subject": lambda size: b"Subject: " + _repeated(b"=?utf-8?q?", size) + b"\r\n\r\n",
    "a folded subject": lambda size: b"Subject: a\r\n" + _repeated(b" =?utf-8?b?eA==?=\r\n", size) + b"\r\n",
    "encoded words": lambda size: b"Subject: " + _repeated(b"=?utf-8?q?x?= ", size) + b"\r\n\r\n",
    "encoded words without an end": lambda size: b"Subject: " + _repeated(b"=?utf-8?q?x ", size) + b"\r\n\r\n",
    "many headers": lambda size: _repeated(b"Subject: x\r\n", size) + b"\r\n",
    "a header of quotes": lambda size: b"Content-Type: text/html" + _repeated(b';"', size) + b"\r\n\r\n",
    "a header of backslashes": lambda size: (
        b'Content-Type: text/html; charset="' + _repeated(b"\\", size) + b"\r\n\r\n"
    ),
    "a long boundary": lambda size: b"Content-Type: multipart/mixed; boundary=" + b"b" * size + b"\r\n\r\n",
    "spaces after boundaries": lambda size: (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + _repeated(b"--b" + b" " * 500 + b"x\r\n", size)
    ),
    "comments without end": lambda size: _PLAIN + _repeated(b"<!--", size),
    "tags without end": lambda size: _PLAIN + _repeated(b"<a ", size),
    "quotes without end": lambda size: _PLAIN + _repeated(b"<a b='", size),
    "equals signs": lambda size: _PLAIN + b"<a " + _repeated(b"= ", size),
    "spaces in a tag": lambda size: _PLAIN + b"<a b=" + b" " * size,
    "scripts without end": lambda size: _PLAIN + _repeated(b"<script>", size),
    "closed scripts": lambda size: _PLAIN + _repeated(b"<script></script ", size),
    "declarations": lambda size: _PLAIN + _repeated(b"<![CDATA[", size),
    "less-than signs": lambda size: _PLAIN + b"<" * size,
    "ampersands": lambda size: _PLAIN + b"&" * size,
    "a long number": lambda size: _PLAIN + b"&#" + b"9" * size + b";",
    "a long hexadecimal number": lambda size: _PLAIN + b"&#x" + b"9" * size + b";",
    "brackets in the subject": lambda size: b"Subject: " + b"[" * size + b"\r\n\r\n",
    "names of alerts": lambda size: b"Content-Type: text/plain\r\n\r\n" + _repeated(b"CrmAaaaa ", size),
    "one long name": lambda size: b"\r\nCrmA" + b"a" * size,
    "empty lines": lambda size: b"\r\n" * (size // 2),
    "equals signs, quoted-printable": lambda size: b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * size,
    "base64": lambda size: b"Content-Transfer-Encoding: base64\r\n\r\n" + _repeated(b"=A", size),
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_the_largest_mail_of_every_shape_is_taken(shape: str) -> None:
    """A mail of 4 MB is read whatever it repeats; work that grows with its square would not end within the limit."""
    delivery = read_mail(_SHAPES[shape](_LARGE), ["a@pantry.example"])
    assert delivery.title
    assert len(delivery.text) <= 2 * 1024 * 1024


@pytest.mark.parametrize("shape", _SHAPES)
def test_twice_the_mail_is_at_most_twice_the_work(shape: str) -> None:
    """The steps Python takes grow no faster than the mail."""
    small, large = (_steps(_SHAPES[shape](size)) for size in (32 * 1024, 64 * 1024))
    assert large <= 2.3 * small + 500


def _steps(mail: bytes) -> int:
    steps = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        read_mail(mail, ["a@pantry.example"])
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("content", [b"plain", bytes(range(256)), b"\xff\xfe\x00\xd8", b"xn--\xc3\xa4-99999999"])
def test_every_codec_python_has_gives_a_message(content: bytes) -> None:
    """No name of a charset refuses a mail: not hex, rot13, zlib or idna, and not one that nobody knows."""
    for name in (*_CODECS, "no-such", "x" * 500, "\0", "ü", "utf-8; drop", '"', ""):
        head = f"Subject: =?{name}?q?s?= end\r\nContent-Type: text/plain; charset={name}\r\n\r\n".encode()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read_mail(head + content, ["a"]).text is not None


def test_unknown_charsets_leave_nothing_in_memory() -> None:
    """Python remembers each codec it was ever asked for: a name that it has not is not looked up."""
    before = len(encodings._cache)  # noqa: SLF001
    for number in range(50):
        read_mail(b"Content-Type: text/plain; charset=unknown-%d\r\n\r\nx" % number, ["a"])
    assert len(encodings._cache) == before  # noqa: SLF001


_LINES = st.lists(
    st.sampled_from(
        [
            b"", b"--b", b"--b--", b"--c", b"Content-Type: multipart/mixed; boundary=b",
            b'Content-Type: multipart/alternative; boundary="c"', b"Content-Type: message/rfc822",
            b"Content-Type: text/html; charset*=utf-8''x", b"Content-Type: text/plain; charset*0=u; charset*1=tf-8",
            b"Content-Type: ;;;", b"Content-Type: multipart/mixed; boundary=", b"Content-Disposition: attachment",
            b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"\tfolded",
            b"Subject: =?utf-8?b?w7w=?= [CRITICAL] CrmApiDown", b"=3D=0", b"<b>CrmApiDown</b>", b"\xff\x00\x80",
        ]
    ) | st.binary(max_size=40),
    max_size=40,
)  # fmt: skip


@cases(400)
@given(_LINES, st.sampled_from([b"\r\n", b"\n"]))
def test_whatever_lines_a_mail_is_made_of_it_is_taken(lines: list[bytes], end: bytes) -> None:
    """Headers, boundaries and bytes in any order are a message: nothing is refused for how it is written."""
    delivery = read_mail(end.join(lines), ["a@pantry.example"])
    assert delivery.title
    assert delivery.channel == "email"


@cases(200)
@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.sampled_from(["utf-8", "utf-16"]),
    st.sampled_from(["base64", "quoted-printable"]),
)
def test_a_mail_that_follows_the_rules_says_what_it_said(text: str, page: str, charset: str, encoding: str) -> None:
    """Both parts of a mail that the standard library wrote are read as the standard library reads them."""
    mail = EmailMessage()
    mail["Subject"] = "Größe"
    mail.set_content(text.encode("utf-8", "ignore").decode(), charset=charset, cte=encoding)
    mail.add_alternative(page.encode("utf-8", "ignore").decode(), subtype="html", charset=charset, cte=encoding)
    content = mail.as_bytes()
    parts = [part.get_payload(decode=True) for part in message_from_bytes(content).walk() if not part.is_multipart()]
    delivery = read_mail(content, ["a@pantry.example"])
    expected = [part.decode(charset, "replace").replace("\0", "") for part in parts if isinstance(part, bytes)]
    assert delivery.html == expected[1]
    if expected[0].strip():
        assert delivery.text == expected[0]
    assert delivery.title == "Größe"


class _Reference(HTMLParser):
    """The words as the standard library's parser finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


_PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<br/>",
        '<a href="x>y">',
        "</a>",
        "<!-- no -->",
        " words ",
        "&amp;",
        "&#228;",
        "<b class='a'>",
        "</b>",
    ]
)


@cases(300)
@given(st.lists(_PIECES, max_size=20))
def test_the_words_of_a_page_are_those_another_parser_finds(pieces: list[str]) -> None:
    """On a page that is well formed both parsers find the same words."""
    page = " ".join(pieces)
    reference = _Reference()
    reference.feed(page)
    reference.close()
    assert words_of(page).split() == reference.words


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<p>one</p><p>two</p>three<br>four", "one\ntwo\nthree\nfour"),
        ("<title>no</title><style>p > a {}</style><SCRIPT>a < b</SCRIPT >yes", "yes"),
        ("a < b &lt; c <b>bold</b>ly", "a < b < c boldly"),
        ("<tr><td>a</td><td>b</td></tr>", "a b"),
        ("seen<!-- not", "seen"),
        ("<p title=it's>seen</p>", "seen"),
        ("&#99999999999999999999; &#x110000; &nosuch; &#0;", "\ufffd \ufffd &nosuch; \ufffd"),
        ("<!-->seen", "seen"),
    ],
)  # fmt: skip
def test_a_page_reads_as_a_browser_shows_it(page: str, words: str) -> None:
    """Blocks are lines, cells are apart, scripts and comments are left out, also where they never end."""
    assert words_of(page) == words


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Grüße 中 =?utf-8?q?=C3=A9t=C3=A9?= C:\\users", "Grüße 中 été C:\\users"),
        ("=?iso-8859-1*de?q?Gr=FC=DFe?=", "Grüße"),
        ("=?utf-8?q?=C3?=\n =?utf-8?q?=A9?= é", "é é"),
        ("=?utf-8?b?k?= é =?utf-8?q?=C3=A9?=", "=?utf-8?b?k?= é é"),
    ],
    ids=["raw UTF-8 beside encoded words", "a language", "a character in two words", "an invalid word"],
)
def test_each_part_of_a_subject_is_read_by_its_own_encoding(subject: str, title: str) -> None:
    """Encoded words are decoded; text beside them is kept, whatever characters it has."""
    assert read_mail(f"Subject: {subject}\n\nx".encode(), ["a"]).title == title


def test_a_blank_text_part_gives_way_to_the_page() -> None:
    """A mail whose text part has only blanks is shown by its HTML part."""
    parts = b"--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n--b--\r\n"
    mail = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n" + parts
    assert read_mail(mail, ["a"]).text == "Hi"


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: (as it is) text/html; charset=iso-8859-1\nContent-Transfer-Encoding: QP (so)",
        "Content-Type: text/html(of (all) kinds; x); charset=iso-8859-1 (\\))\nContent-Transfer-Encoding: (c)QP",
        'Content-Type: text/html; charset="iso-8859-1" (a "quote)\nContent-Transfer-Encoding: QP',
        'Content-Type: text/html; name="a (b"; charset=iso-8859-1\nContent-Transfer-Encoding: QP',
    ],
)
def test_comments_in_a_header_change_nothing(header: str) -> None:
    """Type, charset and encoding are read past comments, also nested ones; what is quoted is no comment."""
    mail = read_mail(f"{header.replace('QP', 'quoted-printable')}\n\n<p>caf=E9</p>".encode(), ["a"])
    assert mail.html == "<p>café</p>"


def test_a_boundary_may_have_brackets_in_quotes() -> None:
    """What separates the parts is taken as it is quoted."""
    head = 'Content-Type: multipart/mixed; boundary="a(b)c" (made by hand)\n\n'
    assert read_mail(f"{head}--a(b)c\n\nhello\n--a(b)c--\n".encode(), ["a"]).text == "hello"


def test_a_digest_is_made_of_mails() -> None:
    """A part of multipart/digest without a type is a mail, whose own headers are no text; one with a type is that."""
    mail = b"Content-Type: multipart/digest; boundary=b\n\n%s--b--\n"
    one = b"--b\n\nSubject: one\nContent-Type: text/html\n\n<p>first</p>\n"
    other = b"--b\nContent-Type: text/plain\n\nsecond\n"
    found = read_mail(mail % (one + other), ["a"])
    assert (found.html, found.text) == ("<p>first</p>", "second")
    assert read_mail(mail % one.replace(b"html", b"plain"), ["a"]).text == "<p>first</p>"
