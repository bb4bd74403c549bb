"""Systems that no query reaches: a person searches them and hands over what was found."""
