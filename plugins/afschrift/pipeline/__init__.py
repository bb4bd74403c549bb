"""The use cases of a request, one a file: assess, classify, extract, validate, package, deliver, close."""
