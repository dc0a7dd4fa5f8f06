"""Words that say nothing about what a model was taught: as folders, as tags, and in hints."""

from __future__ import annotations

# fmt: off
# Folders that are named after what they are, not after what they teach.
FOLDERS = frozenset((
    "img", "imgs", "image", "images", "pic", "pics", "picture", "pictures", "photo", "photos", "dataset", "datasets",
    "data", "train", "training", "trainset", "reg", "regs", "regularization", "input", "inputs", "output", "raw",
    "crop", "crops", "cropped", "resized", "source", "sources", "folder", "new", "test", "default", "concept",
    "subject", "style", "character", "char", "object", "person", "people", "man", "woman", "men", "women", "girl",
    "girls", "boy", "boys", "1girl", "1boy", "lora", "general", "main", "all", "other", "misc", "none", "untitled",
    "face", "faces", "body", "good", "best", "high", "low", "hq", "lq", "class", "instance",
))

# Tags that many pictures have, whatever was taught with them.
TAGS = frozenset((
    "1girl", "1boy", "1other", "2girls", "2boys", "solo", "solo focus", "multiple girls", "multiple boys",
    "no humans", "masterpiece", "best quality", "high quality", "highest quality", "great quality", "good quality",
    "normal quality", "low quality", "worst quality", "amazing quality", "very aesthetic", "aesthetic", "absurdres",
    "highres", "lowres", "4k", "8k", "hd", "uhd", "hdr", "detailed", "highly detailed", "ultra detailed", "newest",
    "recent", "general", "sensitive", "safe", "rating safe", "looking at viewer", "simple background",
    "white background", "grey background", "black background", "gradient background", "transparent background",
    "blurry", "blurry background", "depth of field", "upper body", "full body", "cowboy shot", "portrait", "close-up",
    "standing", "sitting", "smile", "open mouth", "closed mouth", "blush", "breasts", "bangs", "long hair",
    "short hair", "watermark", "signature", "artist name", "text", "english text", "commentary", "official art",
    "score 9", "score 8 up", "score 7 up", "score 6 up", "score 5 up", "score 4 up", "source anime", "photo",
    "realistic", "woman", "man", "girl", "boy", "a woman", "a man", "a photo",
))

# What makes a hint a piece of advice instead of a list of words.
ADVICE = frozenset((
    "use", "add", "try", "set", "put", "include", "prompt", "recommended", "recommend", "best", "works", "work",
    "with", "strength", "weight", "should", "need",
))
