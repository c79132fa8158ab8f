"""What the made-up savings bank of Nordhain delivers on 1 and 2 October 2026: thirty-three people that were never born, a card centre, rates.

Its habits are its own: packages by its own name and without `.OK`, Latin-1, fixed width without record type, decimal commas, a minus behind
the amount, Soll and Haben, German dates, plain files with a counting file beside them, rates per euro. Tax numbers pass the check digit.

    1, 2   twins in everything but the tax number       3, 4   hold a joint account of 1.000,01 euro
    5      250,00 euro in the red                       7, 8   also hold 1.000,00 US dollars, 2.000,00 Swiss francs
    31     stands on a line that is cut short on 1 October, whole on 2 October
Everybody from 1 to 30 has an account of n thousand euro and n cents. Cards: 1–10 by tax number, 11 with a wrong tax number but name, birth date
and phone of customer 11, and three people who have nothing but a card. On 2 October the card centre counts one row too many.
"""

from __future__ import annotations

import io
import os
import tarfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

DAYS = (date(2026, 10, 1), date(2026, 10, 2))
RATES = {DAYS[0]: {"USD": "1.0850", "CHF": "0.9500"}, DAYS[1]: {"USD": "1.1000"}}
_GIVEN = ("Jörg", "Änne", "Uwe", "Zoë", "Björn", "Käthe")
_FAMILY = ("Nordhain", "Grünfink", "Weißdorn", "Süderau", "Öhmd")
BERLIN = ZoneInfo("Europe/Berlin")


def tax_number(n: int) -> str:
    """Ten digits of our own and the check digit of ISO 7064 MOD 11,10."""
    digits = f"{7_000_000_000 + n * 1_000_003:010d}"
    product = 10
    for digit in digits:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return f"{digits}{(11 - product) % 10}"


def person(n: int) -> tuple[str, str, str, date, str]:
    """Given name, family name, title, birth date, phone (as people there write it)."""
    k = 1 if n == 2 else n
    return (
        _GIVEN[k % len(_GIVEN)], f"{_FAMILY[k % len(_FAMILY)]}-{k}", "HF"[k % 2], date(1955 + k, 1 + k % 12, 1 + k % 28),
        f"0151 {23450000 + k}",
    )  # fmt: skip


def euro(cents: int) -> str:
    """1.234,56 and 1.234,56-."""
    whole = f"{abs(cents) // 100:,}".replace(",", ".")
    return f"{whole},{abs(cents) % 100:02d}{'-' if cents < 0 else ''}"


def customers(day: date) -> bytes:
    lines = []
    for n in range(1, 32):
        given, family, title, born, phone = person(n)
        line = f"{n:08d}{tax_number(n)}{family:<25}{given:<20}{title}{born:%d.%m.%Y}{phone:<24}A01032015"
        lines.append(line[:60] if n == 31 and day == DAYS[0] else line)
    return "\n".join([*lines, f"ENDE {day:%d.%m.%Y} {31:06d}", ""]).encode("iso8859-1")


def accounts() -> bytes:
    rows = [f"K{n:02d};{n:08d};;978;01.03.2015" for n in range(1, 31)]
    rows += [
        "K34;00000003;00000004;978;02.05.2020",
        "U07;00000007;;840;02.05.2020",
        "F08;00000008;;756;02.05.2020",
    ]
    return "\n".join(["Kontenspiegel", "KONTO;KUNDE;MITINHABER;WÄHRUNG;ERÖFFNET", *rows, ""]).encode(
        "iso8859-1"
    )


def balances(day: date) -> dict[tuple[str, str], int]:
    """Cents by account and currency number."""
    cents = {(f"K{n:02d}", "978"): n * 100_000 + n for n in range(1, 31)}
    cents |= {
        ("K05", "978"): -25_000,
        ("K34", "978"): 100_001,
        ("U07", "840"): 100_000,
        ("F08", "756"): 200_000,
    }
    if day == DAYS[1]:
        cents["K01", "978"] += 10_000
    return cents


def balance_file(day: date) -> bytes:
    cents = balances(day)
    rows = [f"{account};{currency};{euro(amount)}" for (account, currency), amount in cents.items()]
    own = sum(amount for (_, currency), amount in cents.items() if currency == "978")
    other = sum(amount for (_, currency), amount in cents.items() if currency != "978")
    return "\n".join([*rows, f"ENDE;{day:%d.%m.%Y};{len(rows)};{euro(own)};{euro(other)}", ""]).encode(
        "iso8859-1"
    )


def entries(day: date) -> bytes:
    rows = [f"{day:%j}-1;K01;{day:%d.%m.%Y};{day:%d.%m.%Y} 23:30;100,00;H;978;EIN"] if day == DAYS[1] else []
    return "\n".join(["NR;KONTO;WERT;ZEIT;BETRAG;SH;WÄHRUNG;ART", *rows, ""]).encode("iso8859-1")


def cards(day: date) -> tuple[bytes, bytes]:
    """The file of the card centre and the one that counts its rows."""
    rows = []
    for n in (*range(1, 12), 41, 42, 43):
        given, family, title, born, phone = person(n)
        tax = tax_number(n)
        wrong = f"{tax[:-1]}{(int(tax[-1]) + 1) % 10}" if n == 11 else tax
        mobile = phone.replace("0151 ", "+49 151 ")
        rows.append(
            f'X{n:02d}|{wrong}|"{family.upper()} {given}"|{"mw"[title == "F"]}|{born}|{mobile}|5000|{n * 1000}'
        )
    counted = len(rows) + (day == DAYS[1])
    head = "karte|steuer|name|mw|geboren|mobil|limit|saldo"
    return "\n".join([head, *rows, ""]).encode(), f"ANZAHL={counted}\n".encode()


def deliver(landing: Path, days: tuple[date, ...] = DAYS) -> None:
    """Lay the files of these days down; each arrived at two in the night after its day."""
    for day in days:
        card_rows, card_count = cards(day)
        rates = "".join(f"{currency},{rate}\n" for currency, rate in RATES[day].items())
        plain = {
            f"karte/karten_{day:%d%m%Y}.psv": card_rows,
            f"karte/karten_{day:%d%m%Y}.cnt": card_count,
            f"{day}/kurse.csv": f"waehrung,je_euro\n{rates}".encode(),
            f"haus-{day:%y%m%d}.tgz": _packed({
                "kunden.txt": customers(day), "konten.csv": accounts(), "salden.csv": balance_file(day), "umsatz.csv": entries(day),
            }),
        }  # fmt: skip
        arrived = datetime.combine(day + timedelta(days=1), time(2), BERLIN).timestamp()
        for name, content in plain.items():
            path = landing / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (arrived, arrived))


def _packed(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
