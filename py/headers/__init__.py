"""The headers of model files: read, judged and understood without loading a tensor."""

from .families import family_of
from .header import Component, Format, Header, Network, TagCount
from .reading import read_header

__all__ = ["Component", "Format", "Header", "Network", "TagCount", "family_of", "read_header"]
