"""What the operators share whose records are associated with others."""

from __future__ import annotations

FREE_MAIL_DOMAINS = (
    *("gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.co.jp", "ymail.com"),
    *("hotmail.com", "hotmail.co.uk", "hotmail.fr", "outlook.com", "live.com", "msn.com", "icloud.com"),
    *("me.com", "mac.com", "aol.com", "gmx.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.com"),
    *("mail.ru", "yandex.ru", "yandex.com", "proton.me", "protonmail.com", "zoho.com", "qq.com", "163.com"),
    *("126.com", "naver.com", "orange.fr", "free.fr", "wanadoo.fr", "laposte.net", "libero.it", "seznam.cz"),
    *("wp.pl", "o2.pl", "uol.com.br", "bol.com.br", "rediffmail.com", "comcast.net", "verizon.net"),
)
"""Domains at which anyone can have an address, so that they name no company."""

SEARCH_WAIT = 10.0
"""Seconds for which records are searched for again that HubSpot's search does not show."""
