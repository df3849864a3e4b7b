"""What Python would import only when it is needed, imported while that is still possible."""

import encodings
import importlib
import pkgutil

_OF_WINDOWS = {"cp65001", "mbcs", "oem"}


def load_encodings() -> None:
    """Import every encoding that Python knows: strangers name them."""
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in _OF_WINDOWS:
            importlib.import_module(f"encodings.{module.name}")
