"""Events of the trail as an auditor reads them: one sentence each, in task logs and `audit show`."""
