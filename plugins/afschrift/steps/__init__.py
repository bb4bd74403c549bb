"""The steps of a run, one a file: assess, classify, extract, validate, package, deliver, close; the sweep."""
