"""The trust root: who is believed, as data that is read, edited, compared and aged."""
