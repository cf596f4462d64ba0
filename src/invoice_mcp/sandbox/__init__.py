"""Working doubles of the vendors, for tests, demonstrations and scripts. Nothing here is imported when serving."""
