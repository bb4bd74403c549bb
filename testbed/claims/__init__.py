"""What the texts to a person say, sentence by sentence, and whether it holds."""
