"""Currencies and their minor units: list one of ISO 4217 as published on 2026-01-01, and what was withdrawn from it.

Kept here because it is a page of facts that change about once a year; a test compares it with a maintained copy of
the published list. The Unicode CLDR data will not do: it rounds 13 of these currencies to 0 decimals.
"""

from collections.abc import Mapping
from typing import Final

_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
        CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
        IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
        MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
        SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
        YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_WITHDRAWN: Final = {
    0: "BYR",
    2: "ANG BGN CUC EEK HRK LTL LVL MRO SKK SLL STD VEF ZMK ZWL",
}

LISTED: Final[Mapping[str, int]] = {code: places for places, codes in _DECIMALS.items() for code in codes.split()}
"""How many decimals each currency of list one has."""

WITHDRAWN: Final[Mapping[str, int]] = {code: places for places, codes in _WITHDRAWN.items() for code in codes.split()}
"""The same of currencies no longer in list one, but on invoices of the years this reads."""
