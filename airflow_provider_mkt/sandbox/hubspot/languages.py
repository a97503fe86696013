"""Language codes."""

from __future__ import annotations

import re

_CODE = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?(-[a-z0-9]{4,8})?")


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LANGUAGES = _codes(
    """
    af agq ak am ar as asa ast az bas be bem bez bg bm bn bo br brx bs ca ccp ce ceb cgg chr ckb cs cu
    cy da dav de dje doi dsb dua dyo dz ebu ee el en eo es et eu ewo fa ff fi fil fo fr fur fy ga gd gl
    gsw gu guz gv ha haw he hi hmn hr hsb ht hu hy ia id ig ii is it ja jgo jmc jv ka kab kam kde kea
    kgp khq ki kk kkj kl kln km kn ko kok ks ksb ksf ksh ku kw ky la lag lb lg lkt ln lo lrc lt lu luo
    luy lv mai mas mer mfe mg mgh mgo mi mk ml mn mni mr ms mt mua my mzn naq nb nd nds ne nl nmg nn nnh
    no nus nyn om or os pa pcm pl prg ps pt qu rm rn ro rof ru rw rwk sa sah saq sat sbp sc sd se seh
    ses sg shi si sk sl smn sn so sq sr su sv sw syr ta te teo tg th ti tk tl to tr tt twq tzm ug uk ur
    uz vai vi vo vun wae wo xh xog yav yi yo yrl yue za zgh zh zu
    """
)


def is_language(code: str) -> bool:
    """Return whether a code is a known language, which may have a script and a region.

    HubSpot documents nearly 900 codes; languages are checked here, their regions by their format only.
    """
    found = _CODE.fullmatch(code)
    return found is not None and found.group(1) in _LANGUAGES
