"""The command ``sportstrack pitch``."""
