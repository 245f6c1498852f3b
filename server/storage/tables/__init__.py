"""One model file a noun: columns and constraints, no behaviour. Importing this package registers every table."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
