"""The demo warehouse: a made-up Dutch web shop with an app, in two sources that know people by other keys."""
