"""The use cases behind the tools, over whatever backends the accounts have."""
