"""In-toto layouts: who may have done which step, verified without running anything."""
