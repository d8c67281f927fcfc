"""Pascal VOC files."""

from __future__ import annotations

from pathlib import Path

from make_clips import jpeg

VOC_XML = """<annotation>
  <filename>a.jpg</filename>
  <size><width>64</width><height>48</height><depth>3</depth></size>
  <object><name>player</name>
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>10</xmax><ymax>20</ymax></bndbox></object>
  <object><name>ball</name><difficult>1</difficult>
    <bndbox><xmin>64</xmin><ymin>48</ymin><xmax>64</xmax><ymax>48</ymax></bndbox></object>
</annotation>
"""


def make_voc(folder: Path, xml: str | bytes = VOC_XML, name: str = "a") -> Path:
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    (folder / "JPEGImages").mkdir(exist_ok=True)
    path = folder / "Annotations" / f"{name}.xml"
    path.write_bytes(xml if isinstance(xml, bytes) else xml.encode())
    (folder / "JPEGImages" / f"{name}.jpg").write_bytes(jpeg())
    return folder
