"""The trail as an auditor reads it: a sentence an event, task logs held against it, verification."""
