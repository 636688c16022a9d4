"""The front door: `python app.py [--host --port --corpus --index --embedder]` serves the chat."""

import sys

from faqbot.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
