"""Published results by models that saw none of the test's patients in training, with sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecgscribe.datasets.database import Marks

__all__ = ["PUBLISHED", "PUBLISHED_ELSEWHERE", "Published", "PublishedElsewhere"]


@dataclass(frozen=True)
class Published:
    """A publication that keeps DS1 for training and DS2 for testing.

    Parameters
    ----------
    name, source : str
        First author and year, and the full reference.
    f1 : mapping of str to int
        F1 of classes in percent; where a publication gives Se and +P alone, from these.
    """

    name: str
    source: str
    f1: Mapping[str, int]


PUBLISHED: tuple[Published, ...] = (
    Published(
        "de Chazal 2004",
        "P. de Chazal, M. O'Dwyer, R. B. Reilly, IEEE Trans Biomed Eng 51(7):1196-1206, 2004",
        {"V": 80, "S": 51, "F": 16},
    ),
    Published(
        "Mondéjar-Guerra 2019",
        "V. Mondéjar-Guerra et al., Biomed Signal Process Control 47:41-48, 2019",
        {"V": 94, "S": 61, "F": 16},
    ),
    Published(
        "Niu 2019",
        "J. Niu et al., IEEE J Biomed Health Inform 24(5):1321-1332, 2020 (online 2019)",
        {"V": 90, "S": 77},
    ),
    Published(
        "RA-CNN 2022",
        "P. Xu et al., Interpatient ECG arrhythmia detection by residual attention CNN, "
        "Comput Math Methods Med, 2022",
        {"V": 92, "S": 83},
    ),
)


@dataclass(frozen=True)
class PublishedElsewhere:
    """A publication with figures on other databases than mitdb.

    Parameters
    ----------
    name, source : str
        First author and year, and the full reference.
    marks : frozenset of str
        Kinds of marking whose results it stands next to.
    figures : str
        What it reports.
    difference : str
        Why that is not comparable.
    """

    name: str
    source: str
    marks: frozenset[Marks]
    figures: str
    difference: str


_TIME: frozenset[Marks] = frozenset({"rhythms", "windows"})


PUBLISHED_ELSEWHERE: tuple[PublishedElsewhere, ...] = (
    PublishedElsewhere(
        "Kerber 1997",
        "R. E. Kerber et al., Circulation 95(6):1677-1682, 1997",
        _TIME,
        "goals for automatic defibrillators: Se above 90% for coarse fibrillation, 75% for rapid "
        "tachycardia; Sp above 99% for sinus rhythm, 95% for other rhythms and for asystole",
        "goals, not results, for selected signals without artefacts; here all the time that is "
        "marked so counts",
    ),
    PublishedElsewhere(
        "Figuera 2016",
        "C. Figuera et al., PLoS One 11(7):e0159654, 2016",
        _TIME,
        "Se 96.6%, Sp 98.8% on vfdb, cudb and records of the American Heart Association",
        "trained on other patients of the same databases, for shock advice alone",
    ),
    PublishedElsewhere(
        "Picon 2019",
        "A. Picon et al., PLoS One 14(5):e0216756, 2019",
        _TIME,
        "Se 99.7%, Sp 98.9% in pieces of 4 s of public databases; 99.2%, 96.7% in cardiac arrest "
        "outside hospital",
        "trained on other patients of the same databases, for shock advice alone",
    ),
    PublishedElsewhere(
        "Liu 2022",
        "Y. Liu et al., Front Physiol 13:850951, 2022",
        frozenset({"beats"}),
        "INCART: F1 of S 0.59 to 0.62, learned from 88,000 recordings that are labelled as a whole",
        "beats cut out at the reference R-peaks, of a database that is not measured here",
    ),
)
