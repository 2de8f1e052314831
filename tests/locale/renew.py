"""Brings each django.po in step with the package, and compiles it: `make messages`."""

from tests.locale.catalogs import PO, as_mo, as_po, read, renewed

for path in PO:
    catalog = renewed(read(path))
    path.write_bytes(as_po(catalog))
    path.with_suffix(".mo").write_bytes(as_mo(catalog))
