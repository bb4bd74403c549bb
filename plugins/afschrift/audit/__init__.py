"""The trail for an auditor: a sentence for each event, comparison with task logs, verification."""
