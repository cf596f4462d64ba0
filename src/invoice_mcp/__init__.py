"""One local MCP server for sales invoices, over every system a business keeps them in."""

__version__ = "0.1.0"
