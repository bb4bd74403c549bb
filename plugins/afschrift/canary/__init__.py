"""The canary: a synthetic person whose request is answered daily, to check recall, precision and leaks."""
