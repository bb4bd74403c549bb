"""`afschrift inventory import` and `export`: the data map from and to other tools."""
