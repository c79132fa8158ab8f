"""English given names and what their bearers are called: names that are one person's although no letter may agree."""

from __future__ import annotations

from functools import cache

# Formal name, then what it becomes. A short form of several (Pat, Chris, Alex) stands with the most usual one.
_CALLED = """
abigail abby|albert bert|alexander alex sandy|alfred alf alfie|amanda mandy|andrew andy drew|anthony tony|arthur art|barbara barb barbie|benjamin ben benny
bernard bernie|bridget biddy|catherine katherine kathryn cathy kathy kate katie kitty cath kath|charles charlie chuck|christina christine tina chrissy|christopher chris topher
daniel dan danny|david dave davey|deborah debra deb debbie|donald don donny|dorothy dot dottie dolly|edward ed eddie ted teddy ned|eleanor ellie nell nelly
elizabeth liz lizzie beth betty bess betsy eliza libby|emily em emmy|eugene gene|florence flo florrie|frances fran franny|francis frank frankie|frederick fred freddie
gerald gerry jerry|gregory greg|harold harry hal|helen nellie|henry hank|isabella isabel bella izzy|jacob jake|jacqueline jackie|james jim jimmy jamie|janet jan
jennifer jenny jen|jeffrey jeff|jessica jess jessie|john jack johnny|jonathan jon|joseph joe joey|josephine jo josie|joshua josh|judith judy|kenneth ken kenny
kimberly kim|lawrence larry laurie|leonard len lenny|louise lou|margaret maggie meg peg peggy madge margie|martha marty|mary molly polly|matthew matt matty|michael mike mick mickey
nathan nathaniel nate|nicholas nick nicky|pamela pam|patricia pat patty trish tricia|patrick paddy|peter pete|philip phil|raymond ray|rebecca becky becca
richard dick rick ricky rich|robert bob bobby rob robbie|ronald ron ronnie|rosemary rosie|russell russ|samantha sammy|samuel sam|sandra sandy|sarah sara sally sadie
stephen steven steve|stephanie steph|susan susannah sue susie suzie|teresa theresa terry tess|thomas tom tommy|timothy tim timmy|valerie val|victoria vicky tori|vincent vince
virginia ginny|walter walt wally|william bill billy will willie liam|winifred winnie|zachary zach zack
"""


@cache
def _formal() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _CALLED.strip().replace("\n", "|").split("|"):
        first, *others = line.split()
        for name in (first, *others):
            found.setdefault(name, first)
    return found


def formal(name: str) -> str:
    """The name that a folded given name may stand for; empty where it has no such forms."""
    return _formal().get(name, "")


def is_known(name: str) -> bool:
    """Whether a folded given name is one of those listed here, formal or not."""
    return name in _formal()
