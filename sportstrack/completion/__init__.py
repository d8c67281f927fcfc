"""``sportstrack completion SHELL``: words, options and files completed by the Tab key."""
