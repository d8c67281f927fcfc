"""The names of the scores."""

from __future__ import annotations

CURVES = ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "OWTA")
"""Figures that have a value at each of the 19 thresholds; as attributes they are the mean."""


FIGURES = (
    *("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "OWTA", "HOTA(0)", "LocA(0)", "HOTALocA(0)"),
    *("MOTA", "MOTP", "MODA", "CLR_Re", "CLR_Pr", "CLR_F1", "MTR", "PTR", "MLR", "sMOTA", "MOTAL", "FP_per_frame"),
    *("CLR_TP", "CLR_FN", "CLR_FP", "IDSW", "Frag", "MT", "PT", "ML", "CLR_Frames"),
    *("IDF1", "IDP", "IDR", "IDTP", "IDFN", "IDFP"),
    *("Dets", "GT_Dets", "IDs", "GT_IDs"),
)
"""Every figure by its standard name."""
