"""Letters to the person: which there are, what each must say, and how it is said in each language."""
