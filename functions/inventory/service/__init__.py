"""The use cases of inventory, by what they are about."""
