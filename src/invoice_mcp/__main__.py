"""`python -m invoice_mcp`."""

from invoice_mcp.cli import main

if __name__ == "__main__":
    main()
