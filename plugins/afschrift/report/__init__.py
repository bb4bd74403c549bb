"""Reports on many requests: figures of a period, the register of requests, the questions at a visit."""
