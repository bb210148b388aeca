"""In-toto layouts and links, read strictly; nothing in them is believed here."""
