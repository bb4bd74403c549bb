"""Tables of people and the ways from them outwards, by keys, names and values."""
