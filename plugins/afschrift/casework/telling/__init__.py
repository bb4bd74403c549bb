"""Telling the person an answer that is known: by mail where that is sure, else by somebody who says so."""
