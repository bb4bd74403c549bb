"""What officers and others do with requests: a folder a subject; what never varies by subject lies below."""
