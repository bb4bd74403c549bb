"""How a bundle is encrypted before it leaves. Adding a kind is a file and a line in the registry."""
