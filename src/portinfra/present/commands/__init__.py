"""One file a command: it asks `workflow`, and hands what comes back to `console` or `documents`."""
