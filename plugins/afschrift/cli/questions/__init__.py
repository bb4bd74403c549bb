"""Commands that answer questions: `questions`, `answer`, `review`, `manual`, `partial`."""
