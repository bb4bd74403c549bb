"""The review: a person confirms proposals at a terminal or on a page; the answers go into the map's files."""
