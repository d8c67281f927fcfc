"""What is wrong with a data set: ``python -m data_prep.audit DIR``.

    from data_prep.audit import audit
    found = audit("SportsMOT")
    print(found.counts())

Unlike the readers, which refuse what would falsify labels, the audit reads on and lists each fault with file and line.
"""

from data_prep.audit.findings import KINDS, Finding
from data_prep.audit.labels import Thresholds
from data_prep.audit.pixels import PixelSettings
from data_prep.audit.read import ReadSettings
from data_prep.audit.run import Audit, AuditSettings, audit

__all__ = ["KINDS", "Audit", "AuditSettings", "Finding", "PixelSettings", "ReadSettings", "Thresholds", "audit"]
