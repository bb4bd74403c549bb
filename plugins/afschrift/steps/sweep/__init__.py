"""What runs left behind: found, named, and put right where that is safe."""
