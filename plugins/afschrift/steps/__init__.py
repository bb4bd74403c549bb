"""The steps of a run, one per file: assess, classify, extract, validate, package, deliver, close."""
