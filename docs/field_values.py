"""The default of a setting as it is, where its field was made by `sportstrack.options.option`.

An extension of griffe, which reads the code for the reference without running it: it would show the whole call.
"""

from __future__ import annotations

from typing import Any

import griffe


class FieldValues(griffe.Extension):
    """Replaces ``option(default, "help", …)`` by the default."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Change one attribute."""
        call = attr.value
        if not isinstance(call, griffe.ExprCall) or str(call.function) != "option" or len(call.arguments) < 2:
            return
        attr.value = call.arguments[0]
