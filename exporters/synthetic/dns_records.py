"""The records in a DNS answer, and whether the expected ones are among them. Imports dnspython."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
from dns.rdtypes.txtbase import TXTBase

from exporters.core.errors import CollectError, ErrorClass

_POLICY = frozenset({dns.rcode.REFUSED, dns.rcode.NOTAUTH})


@dataclass(frozen=True, slots=True)
class Expectation:
    """A record that must be present: a whole one, or with `part` any record that contains the text."""

    text: str
    record_type: str
    part: bool

    @classmethod
    def parsed(cls, text: str, record_type: str, *, part: bool) -> Expectation:
        """Return the expectation. Raises ValueError if the text cannot be a record of this type."""
        expectation = cls(text, record_type, part)
        if not text:
            raise ValueError("empty")
        if not part and record_type != "TXT":
            expectation._record()
        return expectation

    def met_by(self, record: dns.rdata.Rdata) -> bool:
        """Return whether a record matches; names ignore case and the final dot, and for TXT a part is enough."""
        if self.record_type == "TXT":
            return self.text in text_of(record)
        if self.part:
            return self.text.lower() in text_of(record).lower()
        return bool(record == self._record())

    def _record(self) -> dns.rdata.Rdata:
        try:
            return dns.rdata.from_text("IN", self.record_type, self.text, dns.name.root, relativize=False)
        except dns.exception.DNSException:
            raise ValueError(f"not a record of type {self.record_type}") from None


def text_of(record: dns.rdata.Rdata) -> str:
    """Return a record as text; the strings of a TXT record, of at most 255 bytes each, are joined."""
    if isinstance(record, TXTBase):
        return b"".join(record.strings).decode("utf-8", "replace")
    return record.to_text()


def judge(answer: dns.message.Message, expected: Sequence[Expectation]) -> None:
    """Raise CollectError unless the answer has records of the requested type, including all expected ones."""
    records = _records(answer)
    missing = [one.text for one in expected if not any(map(one.met_by, records))]
    if missing:
        raise CollectError(ErrorClass.PROTOCOL, f"not among the records: {', '.join(missing)}")


def _records(answer: dns.message.Message) -> Sequence[dns.rdata.Rdata]:
    """Return the records of the requested name and type, following aliases. Raises CollectError if there are none."""
    rcode = answer.rcode()
    if rcode == dns.rcode.NXDOMAIN:
        raise CollectError(ErrorClass.DNS, "the name does not exist")
    if rcode != dns.rcode.NOERROR:
        error_class = ErrorClass.PERMISSION if rcode in _POLICY else ErrorClass.PROTOCOL
        raise CollectError(error_class, f"the server answered {dns.rcode.to_text(rcode)}")
    try:
        found = (
            cast("dns.message.QueryMessage", answer).resolve_chaining().answer
        )  # present: its opcode is the question's
    except dns.exception.DNSException:
        raise CollectError(
            ErrorClass.PROTOCOL, "the aliases of the name form a loop, or a chain that is too long"
        ) from None
    if not found and _is_referral(answer):
        raise CollectError(ErrorClass.PROTOCOL, "the server does not answer for this name, and refers to other servers")
    if not found:
        raise CollectError(ErrorClass.PROTOCOL, "no record of this type")
    return list(found)


def _is_referral(answer: dns.message.Message) -> bool:
    """Return whether the server is lame: it neither has the zone nor recurses, and names other servers."""
    types = {records.rdtype for records in answer.authority}
    knows = answer.flags & (dns.flags.AA | dns.flags.RA)
    return not knows and dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
