"""Formats that vendors speak: written and read without asking anybody."""
