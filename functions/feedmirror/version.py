"""The software's version: in the user agent, in feeds, and in the mark of a configuration."""

VERSION = "0.1.0"
