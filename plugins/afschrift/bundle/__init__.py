"""What is delivered: a BagIt bag around a Data Package, packed, signed, verified and unpacked."""
