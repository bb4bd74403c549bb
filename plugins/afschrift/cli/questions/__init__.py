"""Commands that show and answer questions: `questions`, `answer`, `review`, `manual`."""
