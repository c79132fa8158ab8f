"""What of an erased person still lies on disk, and taking it away: rows in every layer, old files, packages, with a certificate.

Identity decides who is erased (identity/erasure.py) and every layer leaves them out from the day on; this package removes what was written
before. It needs no engine: the tables lie on a disk of this machine (docs/adr/0020).
"""
