"""Published results on DS2 by models that saw none of its patients in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PUBLISHED", "Published"]


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
