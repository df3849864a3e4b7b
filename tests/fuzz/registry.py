"""Every target by its name, and the module that has it."""

from importlib import import_module

from fuzz.target import Target

MODULES = {
    "of_feeds": ("feeds", "json-feeds", "markup"),
    "of_mails": ("mails", "notices"),
    "of_configuration": ("configuration", "opml"),
    "of_stored": ("records", "rules", "states", "cases", "challenges", "listings"),
    "of_hosts": ("robots", "terms", "headers", "bodies", "addresses", "proofs"),
    "of_messages": ("findings", "turns", "receipts"),
    "of_backups": ("backups",),
    "of_answers": ("answers", "frames"),
}


def names() -> tuple[str, ...]:
    """Return the targets' names, in their order."""
    return tuple(name for of_module in MODULES.values() for name in of_module)


def target_named(name: str) -> Target:
    """Import one target, and nothing that it does not need."""
    module = next(module for module, of_module in MODULES.items() if name in of_module)
    targets: tuple[Target, ...] = import_module(f"fuzz.{module}").TARGETS
    return next(target for target in targets if target.name == name)
