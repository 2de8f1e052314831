"""Five new users, each from an empty folder and the built wheel, who follow README.md literally.

`python -m tests.newcomers [name …]`, or `make newcomers`: needs the network, and some minutes.
"""
