"""Files: how they are written, sealed, locked and read back, each in one place.

`files` writes (in one step, or appending), `lines`, `documents` and `checkpoint` are the three
formats (JSON lines, one JSON document, arrays by name), each sealed by a checksum; `evaluations`
keeps what a landscape was asked, `results` turns a result into plain parts and back; `content`
hashes what a problem is made of, and `lock` keeps a second run away. Nothing here knows a
landscape or a method.
"""
